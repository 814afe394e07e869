//! The caps, counted on tokens, then the SQL parser.

use sqlparser::{
    ast::Expr,
    dialect::GenericDialect,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};

use super::{MAXIMUM_BYTES, MAXIMUM_LEVELS, MAXIMUM_NODES, Reader, function::ANY_OF};
use crate::{codes, lexical, wording::shorten};

impl Reader<'_> {
    /// The caps, then the parser.
    pub(super) fn parse(&mut self) -> Option<Expr> {
        if self.text.len() > MAXIMUM_BYTES {
            self.too_large(format!("this expression has {} bytes", self.text.len()));
            return None;
        }
        let dialect = GenericDialect {};
        let tokens = match Tokenizer::new(&dialect, self.text).tokenize_with_location() {
            Ok(tokens) => tokens,
            Err(error) => {
                let start = self.byte(error.location);
                let span = self.node.place_within(start, start);
                self.not_an_expression(span, &error.message);
                return None;
            }
        };
        let tokens = lengths(any_of(tokens));
        if let Some(problem) = over_the_caps(&tokens) {
            self.too_large(problem);
            return None;
        }
        if tokens.iter().all(|t| matches!(t.token, Token::Whitespace(_))) {
            let span = self.whole();
            self.not_an_expression(span, "nothing is written here");
            return None;
        }
        // The parser would take an open `case` for a name.
        let words = |word: &str| tokens.iter().filter(|token| is_word(token, word)).count();
        let is_open = words("case") > words("end");
        let mut parser =
            Parser::new(&dialect).with_recursion_limit(MAXIMUM_LEVELS * 4).with_tokens_with_locations(tokens);
        match parser.parse_expr() {
            Ok(parsed) => {
                let next = parser.peek_token();
                if next.token == Token::EOF {
                    return Some(parsed);
                }
                let span = self.place(next.span);
                let what = shorten(&next.token.to_string());
                if next.token.to_string().eq_ignore_ascii_case("exists") {
                    self.findings
                        .report(codes::EXISTS_OUTSIDE_RULE, span, "`exists` cannot stand here")
                        .expected("`exists` is all that a rule requires: `require: account exists`")
                        .fix("ask whether the reference is there: `account is not null`");
                } else if is_open {
                    let whole = self.whole();
                    self.findings
                        .report(codes::NOT_AN_EXPRESSION, whole, "a `case` has no `end`")
                        .expected("`case when … then … else … end`")
                        .fix("write `end` where it ends");
                } else {
                    self.not_an_expression(span, &format!("`{what}` does not fit here"));
                }
                None
            }
            Err(ParserError::RecursionLimitExceeded) => {
                self.too_large("this expression is nested too deeply".to_owned());
                None
            }
            Err(ParserError::TokenizerError(message) | ParserError::ParserError(message)) => {
                let (what, at) = split_location(&message);
                let span = at.map_or_else(
                    || self.whole(),
                    |at| {
                        let start = self.byte(at);
                        self.node.place_within(start, start)
                    },
                );
                self.not_an_expression(span, what);
                None
            }
        }
    }
}

fn is_word(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// `any of [a, b]` as a call that the parser knows the form of; every token keeps its place.
fn any_of(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Of each bracket that is open whether it is one of these.
    let mut open: Vec<bool> = Vec::new();
    for mut token in tokens {
        match token.token {
            Token::LBracket => {
                let mut before = (0..out.len())
                    .rev()
                    .filter(|i| out.get(*i).is_some_and(|t| !matches!(t.token, Token::Whitespace(_))));
                let (of, any) = (before.next(), before.next());
                let words = of.zip(any).filter(|(of, any)| {
                    out.get(*of).is_some_and(|t| is_word(t, "of"))
                        && out.get(*any).is_some_and(|t| is_word(t, "any"))
                });
                open.push(words.is_some());
                if let Some((of, any)) = words {
                    out.remove(of);
                    if let Some(word) = out.get_mut(any) {
                        word.token = Token::make_word(ANY_OF, None);
                    }
                    token.token = Token::LParen;
                }
            }
            Token::RBracket if open.pop() == Some(true) => token.token = Token::RParen,
            _ => {}
        }
        out.push(token);
    }
    out
}

/// `30 days` as `interval '30 days'`; every token keeps its place.
fn lengths(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for mut token in tokens {
        let unit = match &token.token {
            Token::Word(word) if word.quote_style.is_none() && lexical::time_unit(&word.value).is_some() => {
                Some(word.value.clone())
            }
            _ => None,
        };
        let number = out.iter().rposition(|t| !matches!(t.token, Token::Whitespace(_)));
        let number = number.and_then(|at| out.get_mut(at)).filter(|t| matches!(t.token, Token::Number(..)));
        if let (Some(unit), Some(number)) = (unit, number)
            && let Token::Number(digits, _) = &number.token
        {
            token.token = Token::SingleQuotedString(format!("{digits} {unit}"));
            token.span.start = number.span.start;
            number.token = Token::make_keyword("INTERVAL");
        }
        out.push(token);
    }
    out
}

/// Counts parts and levels on tokens.
fn over_the_caps(tokens: &[TokenWithSpan]) -> Option<String> {
    let (mut parts, mut level, mut deepest, mut prefixes) = (0usize, 0usize, 0usize, 0usize);
    for token in tokens {
        let mut prefix = false;
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen | Token::LBracket | Token::LBrace => level += 1,
            Token::RParen | Token::RBracket | Token::RBrace => level = level.saturating_sub(1),
            Token::Word(w) if w.keyword == Keyword::CASE => level += 1,
            Token::Word(w) if w.keyword == Keyword::END => level = level.saturating_sub(1),
            Token::Word(w) if w.keyword == Keyword::NOT => prefix = true,
            Token::Minus | Token::Plus | Token::Tilde | Token::ExclamationMark => prefix = true,
            Token::Word(w) if w.keyword == Keyword::NoKeyword => parts += 1,
            Token::Number(..) | Token::SingleQuotedString(_) => parts += 1,
            _ => {}
        }
        prefixes = if prefix { prefixes + 1 } else { 0 };
        deepest = deepest.max(level + prefixes);
    }
    if deepest > MAXIMUM_LEVELS {
        Some(format!("this expression has {deepest} levels"))
    } else if parts > MAXIMUM_NODES {
        Some(format!("this expression names {parts} attributes and constants"))
    } else {
        None
    }
}

/// Splits `… at Line: 1, Column: 5` off a message of the parser.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((what, at)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let location = at.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
    });
    (what, location)
}
