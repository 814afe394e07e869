//! Passwords, by Argon2id (RFC 9106) with 19 MiB, two passes, one lane; one at a time, so that attempts cannot take the
//! memory of the machine or outrun their limits.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Who waits longer for a turn is told to come back.
const LONGEST_TURN: Duration = Duration::from_secs(10);
/// A password has at least so many characters.
pub(crate) const SHORTEST: usize = 12;
/// And at most so many bytes.
pub(crate) const LONGEST: usize = 1024;

/// Makes and checks what passwords are recognised by.
#[derive(Clone)]
pub(crate) struct Passwords {
    turn: Arc<Semaphore>,
    nobody: Arc<OnceLock<String>>,
}

/// It is somebody's turn to try.
pub(crate) struct Turn(#[expect(dead_code, reason = "held until the attempt is over")] OwnedSemaphorePermit);

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), nobody: Arc::default() }
    }

    /// Waits for a turn; none: too many are waiting.
    pub(crate) async fn turn(&self) -> Option<Turn> {
        let turn = tokio::time::timeout(LONGEST_TURN, Arc::clone(&self.turn).acquire_owned()).await;
        turn.ok()?.ok().map(Turn)
    }

    /// What a password is recognised by, with a salt of its own; none: the system has no random numbers.
    pub(crate) async fn hash(&self, password: String) -> Option<String> {
        tokio::task::spawn_blocking(move || hashed(&password)).await.ok()?
    }

    /// Whether it is the password of `known`. Of nobody it takes as long, and is not.
    pub(crate) async fn is(&self, password: String, known: Option<String>) -> bool {
        let nobody = Arc::clone(&self.nobody);
        let is = tokio::task::spawn_blocking(move || {
            let somebody = known.is_some();
            // Recognised by what nobody knows the password of.
            let nobody = || nobody.get_or_init(|| hashed("nobody").unwrap_or_default()).clone();
            verified(&password, &known.unwrap_or_else(nobody)) && somebody
        });
        is.await.unwrap_or(false)
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None).ok()?))
}

fn hashed(password: &str) -> Option<String> {
    let mut salt = [0u8; 16];
    getrandom::fill(&mut salt).ok()?;
    Some(argon2()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?.to_string())
}

/// Compared in constant time, with the cost that is written in what is known.
fn verified(password: &str, known: &str) -> bool {
    let known = PasswordHash::new(known).ok();
    known
        .zip(argon2())
        .is_some_and(|(known, argon2)| argon2.verify_password(password.as_bytes(), &known).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_argon2id_of_the_recommended_cost_with_salts_of_their_own() {
        let (one, two) = (hashed("correct horse").unwrap(), hashed("correct horse").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert!(verified("correct horse", &one) && !verified("correct horsf", &one));
        assert!(!verified("correct horse", "") && !verified("", &one));
    }

    #[tokio::test]
    async fn for_nobody_a_password_is_tried_as_well() {
        let passwords = Passwords::new();
        assert!(!passwords.is("nobody".to_owned(), None).await, "not even by what it is tried on");
        assert!(
            passwords.nobody.get().is_some_and(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"))
        );
    }

    /// Made with the reference program of Argon2 (`argon2-cffi` 25.1 over libargon2 20190702), other parameters.
    #[test]
    fn hashes_of_another_program_are_recognised() {
        let known = KNOWN;
        assert!(verified("correct horse battery", known));
        assert!(!verified("correct horse batterz", known));
    }

    const KNOWN: &str =
        "$argon2id$v=19$m=256,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$3Em5wmlsGZLps71hT7Vj3padxFF5oHw7CyxfjQBRBUw";
}
