//! Arguments of the commands by which people come in.

use clap::{Args, Subcommand};
use kepi_govern::Grant;

/// `kepi access`.
#[derive(Debug, Subcommand)]
pub enum Access {
    /// Let somebody sign in. Asks for a password, or reads it from stdin.
    #[command(after_help = "\
Examples:
  kepi access add ana                                  the first one is the owner
  kepi access add bea --role viewer:boarding_area_a    sees one unit and those beneath it
  kepi access add carl --no-password                   only tokens act for him
From the first sign-in on, `kepi serve` shows nothing to anybody who is not known.")]
    Add(AccessAdd),
    /// Change as what somebody signs in, or the password, which ends all sessions.
    #[command(after_help = "\
Examples:
  kepi access change bea --role viewer --role analyst:boarding_area_a
  kepi access change bea --password")]
    Change(AccessChange),
    /// Let somebody sign in no longer: sessions and tokens end at once.
    #[command(after_help = "Example:\n  kepi access remove bea")]
    Remove(AccessName),
    /// Who signs in, and as what.
    #[command(after_help = "Example:\n  kepi access list --format json")]
    List,
    /// Print the policies that hold, to begin own ones with: policies/*.cedar in the project take their place.
    #[command(after_help = "\
Examples:
  kepi access policy --built-in > policies/who.cedar    then change them; `kepi check` holds them against the project
  kepi access policy --schema                           what policies can speak of")]
    Policy(AccessPolicy),
    /// Tokens, by which programs come in for somebody.
    #[command(subcommand)]
    Token(Token),
}

impl Access {
    /// Whether it changes who comes in.
    pub fn acts(&self) -> bool {
        match self {
            Self::Add(_) | Self::Change(_) | Self::Remove(_) => true,
            Self::List | Self::Policy(_) => false,
            Self::Token(token) => !matches!(token, Token::List),
        }
    }
}

/// `kepi access add`.
#[derive(Debug, Args)]
pub struct AccessAdd {
    /// The name to sign in with; the log knows a number that stands for it.
    pub name: String,
    /// A role, everywhere or for a unit and those beneath it; can be repeated. By default viewer, and owner for the first.
    #[arg(long, value_name = "ROLE[:UNIT]")]
    pub role: Vec<Grant>,
    /// Without a password.
    #[arg(long)]
    pub no_password: bool,
}

/// `kepi access change`.
#[derive(Debug, Args)]
pub struct AccessChange {
    /// Who.
    pub name: String,
    /// The roles from now on, in place of those before; can be repeated.
    #[arg(long, value_name = "ROLE[:UNIT]", required_unless_present = "password")]
    pub role: Vec<Grant>,
    /// Ask for a new password, or read it from stdin.
    #[arg(long)]
    pub password: bool,
}

/// `kepi access policy`.
#[derive(Debug, Args)]
pub struct AccessPolicy {
    /// Those that come with Kepi, whatever the project has.
    #[arg(long)]
    pub built_in: bool,
    /// What policies can speak of, instead.
    #[arg(long, conflicts_with = "built_in")]
    pub schema: bool,
}

/// A name.
#[derive(Debug, Args)]
pub struct AccessName {
    /// Who.
    pub name: String,
}

/// `kepi access token`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it, this once. It can never do more than the person it acts for. Without a token of an owner the password of
    /// that person is asked for, or read from stdin.
    #[command(after_help = "\
Examples:
  kepi access token create ana --days 30
  kepi access token create ana --scope decide --scope run > token     then KEPI_TOKEN, or --token-file token
  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:7878/api/v1/kpis")]
    Create(TokenCreate),
    /// Every token that was made: for whom, for what, until when.
    #[command(after_help = "Example:\n  kepi access token list --format json")]
    List,
    /// Let a token be used no longer.
    #[command(after_help = "Example:\n  kepi access token revoke 3")]
    Revoke(TokenRevoke),
}

/// `kepi access token create`.
#[derive(Debug, Args)]
pub struct TokenCreate {
    /// For whom it acts.
    pub name: String,
    /// For so many days, at most 366.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
    /// An action that it may be used for (see, see_value, see_explanation, see_data, see_rows, see_decisions, decide, run, administer), everywhere or for a unit and those beneath it; can be repeated.
    #[arg(long, value_name = "ACTION[:UNIT]", default_value = "see")]
    pub scope: Vec<Grant>,
}

/// `kepi access token revoke`.
#[derive(Debug, Args)]
pub struct TokenRevoke {
    /// Its number, as `kepi access token list` has it.
    pub token: u64,
}
