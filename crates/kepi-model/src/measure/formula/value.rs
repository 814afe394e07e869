//! What a formula computes: numbers and inputs, `+ - * /`, `least`, `greatest`; read from its text, with every part's place.

use std::ops::Range;

use serde_json::{Value as Json, json};

use crate::lexical::{self, Decimal};

/// Most parts, and most levels of brackets.
const MOST_PARTS: usize = 200;
const MOST_LEVELS: usize = 32;

/// A part of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An input by its place.
    Input(usize),
    /// A number: digits, decimals, and whether it is written in per cent.
    Number {
        /// The number times `10^scale`.
        digits: i64,
        /// Decimals.
        scale: u8,
        /// Whether it is written with `%`.
        percent: bool,
    },
    /// The other sign.
    Negate(Box<Part>),
    /// Two parts put together.
    Two(Operator, Box<Part>, Box<Part>),
    /// The least or the greatest of several.
    Of(Choice, Vec<Part>),
}

/// A part, and where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub node: Node,
    /// Bytes of the text.
    pub(crate) at: (usize, usize),
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient.
    Divide,
}

/// Which of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The least.
    Least,
    /// The greatest.
    Greatest,
}

impl Operator {
    fn word(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

impl Choice {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Least => "least",
            Self::Greatest => "greatest",
        }
    }
}

/// A number of a formula.
pub(crate) fn number(digits: i64, scale: u8) -> f64 {
    Decimal { digits, scale }.to_f64()
}

impl Part {
    /// Shows every part, those within before those around them.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Part)) {
        match &self.node {
            Node::Input(_) | Node::Number { .. } => {}
            Node::Negate(of) => of.visit(see),
            Node::Two(_, a, b) => {
                a.visit(see);
                b.visit(see);
            }
            Node::Of(_, all) => all.iter().for_each(|part| part.visit(see)),
        }
        see(self);
    }

    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self.node {
            Node::Number { digits, scale, .. } => Some(number(digits, scale)),
            _ => None,
        }
    }

    /// How often each of so many inputs occurs.
    pub fn occurrences(&self, inputs: usize) -> Vec<usize> {
        let mut counts = vec![0; inputs];
        self.visit(&mut |part| {
            if let Node::Input(place) = part.node
                && let Some(count) = counts.get_mut(place)
            {
                *count += 1;
            }
        });
        counts
    }

    /// What is hashed of it; inputs by their places.
    pub(crate) fn form(&self) -> Json {
        match &self.node {
            Node::Input(place) => json!(["input", place]),
            Node::Number { digits, scale, .. } => {
                let (mut digits, mut scale) = (*digits, *scale);
                while scale > 0 && digits % 10 == 0 {
                    (digits, scale) = (digits / 10, scale - 1);
                }
                json!(["number", digits, scale])
            }
            Node::Negate(of) => json!(["negate", of.form()]),
            Node::Two(operator, a, b) => json!([operator.word(), a.form(), b.form()]),
            Node::Of(choice, all) => {
                json!([choice.word(), all.iter().map(Self::form).collect::<Json>()])
            }
        }
    }

    /// In signs, with the inputs under these names.
    pub fn text(&self, names: &[&str]) -> String {
        self.text_within(names, 0)
    }

    fn text_within(&self, names: &[&str], around: u8) -> String {
        let (text, binds) = match &self.node {
            Node::Input(place) => ((*names.get(*place).unwrap_or(&"?")).to_owned(), 9),
            Node::Number { digits, scale, percent } => {
                let shown = |scale: u8| {
                    let text = crate::expression::scaled(*digits, scale);
                    if text.contains('.') {
                        text.trim_end_matches('0').trim_end_matches('.').to_owned()
                    } else {
                        text
                    }
                };
                match percent {
                    true => (format!("{}\u{202f}%", shown(scale.saturating_sub(2))), 9),
                    false => (shown(*scale), 9),
                }
            }
            Node::Negate(of) => (format!("−{}", of.text_within(names, 3)), 3),
            Node::Two(operator, a, b) => {
                let (sign, binds) = match operator {
                    Operator::Add => ("+", 1),
                    Operator::Subtract => ("−", 1),
                    Operator::Multiply => ("×", 2),
                    Operator::Divide => ("÷", 2),
                };
                // What follows a minus or a division stands in brackets if it is of the same kind.
                let after = binds + u8::from(matches!(operator, Operator::Subtract | Operator::Divide));
                let text = format!("{} {sign} {}", a.text_within(names, binds), b.text_within(names, after));
                (text, binds)
            }
            Node::Of(choice, all) => {
                let all: Vec<String> = all.iter().map(|part| part.text_within(names, 0)).collect();
                (format!("{}({})", choice.word(), all.join(", ")), 9)
            }
        };
        if binds < around { format!("({text})") } else { text }
    }
}

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub at: Range<usize>,
    pub why: String,
    pub fix: Option<String>,
    /// A name that is none of an input's.
    pub unknown: Option<String>,
}

/// Reads a formula; `place_of` says which input has a name.
pub(crate) fn parse(text: &str, place_of: &dyn Fn(&str) -> Option<usize>) -> Result<Part, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len(), levels: 0, place_of };
    if parser.tokens.is_empty() {
        return Err(parser.wrong("nothing is written here"));
    }
    if parser.tokens.len() > MOST_PARTS {
        return Err(Wrong {
            at: 0..text.len().min(60),
            why: format!("this formula has more than {MOST_PARTS} parts"),
            fix: Some("put some of it into a formula KPI of its own".to_owned()),
            unknown: None,
        });
    }
    let part = parser.sum()?;
    match parser.peek() {
        None => Ok(part),
        Some(_) => Err(parser.wrong("this does not fit here")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Number(String),
    Sign(char),
}

/// Signs that people write for others.
fn sign(c: char) -> Option<char> {
    Some(match c {
        '×' | '·' => '*',
        '÷' | ':' => '/',
        '−' | '–' => '-',
        '+' | '-' | '*' | '/' | '(' | ')' | ',' | '%' => c,
        _ => return None,
    })
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Wrong> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut end = start + c.len_utf8();
        let mut more = |allowed: &dyn Fn(char) -> bool| {
            while let Some((at, c)) = chars.next_if(|(_, c)| allowed(*c)) {
                end = at + c.len_utf8();
            }
            end
        };
        let token = if c.is_ascii_digit() {
            let end = more(&|c| c.is_ascii_digit() || c == '.');
            Token::Number(text.get(start..end).unwrap_or_default().to_owned())
        } else if c.is_alphabetic() || c == '_' {
            let end = more(&|c| c.is_alphanumeric() || c == '_' || c == '.');
            Token::Name(text.get(start..end).unwrap_or_default().to_owned())
        } else if let Some(sign) = sign(c) {
            Token::Sign(sign)
        } else {
            let fix = match c {
                '^' => "write a product: `a * a`",
                '=' | '<' | '>' | '!' => {
                    "a formula computes a number; for limits there are `least(a, b)` and `greatest(a, b)`"
                }
                '\'' | '"' => "names stand without quotes",
                '[' | ']' | '{' | '}' => "write round brackets",
                _ => "",
            };
            return Err(Wrong {
                at: start..end,
                why: format!("`{c}` is no part of a formula"),
                fix: (!fix.is_empty()).then(|| fix.to_owned()),
                unknown: None,
            });
        };
        found.push((token, start..end));
    }
    Ok(found)
}

struct Parser<'a> {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    levels: usize,
    place_of: &'a dyn Fn(&str) -> Option<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.next += usize::from(found);
        found
    }

    /// Where the next token stands, or the end.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.end..self.end, |(_, at)| at.clone())
    }

    fn wrong(&self, why: &str) -> Wrong {
        Wrong { at: self.here(), why: why.to_owned(), fix: None, unknown: None }
    }

    fn open_bracket(&self) -> Wrong {
        // Within a map in one line a comma ends the value.
        let fix =
            "close it; in a line with `{…}` a formula with commas stands in quotes: `value: \"least(a, b)\"`";
        Wrong { fix: Some(fix.to_owned()), ..self.wrong("a bracket is not closed") }
    }

    /// The part that begins at a byte and ends before the next token.
    fn part(&self, node: Node, start: usize) -> Part {
        Part { node, at: (start, self.so_far()) }
    }

    /// The end of what was read.
    fn so_far(&self) -> usize {
        let last = self.next.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(self.end, |(_, at)| at.end)
    }

    fn sum(&mut self) -> Result<Part, Wrong> {
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            return Err(self.wrong("this formula has too many levels of brackets"));
        }
        let start = self.here().start;
        let mut left = self.product()?;
        loop {
            let operator = if self.take('+') {
                Operator::Add
            } else if self.take('-') {
                Operator::Subtract
            } else {
                break;
            };
            let right = self.product()?;
            left = self.part(Node::Two(operator, Box::new(left), Box::new(right)), start);
        }
        self.levels -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Result<Part, Wrong> {
        let start = self.here().start;
        let mut left = self.factor()?;
        loop {
            let operator = if self.take('*') {
                Operator::Multiply
            } else if self.take('/') {
                Operator::Divide
            } else {
                return Ok(left);
            };
            let right = self.factor()?;
            left = self.part(Node::Two(operator, Box::new(left), Box::new(right)), start);
        }
    }

    fn factor(&mut self) -> Result<Part, Wrong> {
        let start = self.here().start;
        // Signs in a row would be levels that no bracket shows.
        if self.take('-') {
            if self.peek() == Some(&Token::Sign('-')) {
                return Err(self.wrong("this does not fit here"));
            }
            let of = self.factor()?;
            return Ok(self.part(Node::Negate(Box::new(of)), start));
        }
        if self.take('(') {
            let inner = self.sum()?;
            if !self.take(')') {
                return Err(self.open_bracket());
            }
            return Ok(Part { at: (start, self.so_far()), ..inner });
        }
        let at = self.here();
        match self.peek().cloned() {
            Some(Token::Number(text)) => {
                self.next += 1;
                let number = lexical::decimal(&text).ok_or_else(|| Wrong {
                    at,
                    why: format!("`{text}` is no exact number"),
                    fix: None,
                    unknown: None,
                })?;
                let percent = self.take('%');
                let scale = if percent { number.scale.saturating_add(2) } else { number.scale };
                Ok(self.part(Node::Number { digits: number.digits, scale, percent }, start))
            }
            Some(Token::Name(name)) => {
                self.next += 1;
                if self.take('(') { self.call(&name, at, start) } else { self.input(&name, at, start) }
            }
            Some(_) => Err(self.wrong("this does not fit here")),
            None => Err(self.wrong("something is missing at the end")),
        }
    }

    fn input(&self, name: &str, at: Range<usize>, start: usize) -> Result<Part, Wrong> {
        match (self.place_of)(name) {
            Some(place) => Ok(self.part(Node::Input(place), start)),
            None => Err(Wrong {
                at,
                why: format!("`{name}` is none of the names under `kpis`"),
                fix: None,
                unknown: Some(name.to_owned()),
            }),
        }
    }

    fn call(&mut self, name: &str, at: Range<usize>, start: usize) -> Result<Part, Wrong> {
        let choice = match name.to_ascii_lowercase().as_str() {
            "least" => Choice::Least,
            "greatest" => Choice::Greatest,
            other => {
                let fix = match other {
                    "min" => "write `least(a, b)`",
                    "max" => "write `greatest(a, b)`",
                    "avg" | "mean" | "average" => "write it out: `(a + b) / 2`",
                    "sum" => "write it out: `a + b`",
                    "coalesce" | "nullif" | "ifnull" => {
                        "where an input has no value the formula has none, with the reason"
                    }
                    _ => "there are `least(a, b)` and `greatest(a, b)`",
                };
                return Err(Wrong {
                    at,
                    why: format!("a formula has no function `{name}`"),
                    fix: Some(fix.to_owned()),
                    unknown: None,
                });
            }
        };
        let mut all = vec![self.sum()?];
        while self.take(',') {
            all.push(self.sum()?);
        }
        if !self.take(')') {
            return Err(self.open_bracket());
        }
        if all.len() < 2 {
            return Err(Wrong {
                at,
                why: format!("`{name}` is of one thing only"),
                fix: Some("name at least two, separated by a comma".to_owned()),
                unknown: None,
            });
        }
        Ok(self.part(Node::Of(choice, all), start))
    }
}
