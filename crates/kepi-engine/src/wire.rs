//! Numbers and texts as bytes between processes of one version: base 128, least digit first; signed numbers mapped to
//! `0, −1, 1, −2, …` first. What is read may be damaged, so nothing that is read is believed.

/// Collects bytes.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// A number.
    pub fn number(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
    /// How many follow.
    pub fn length(&mut self, length: usize) {
        self.number(length as u128);
    }
    /// A number with a sign.
    pub fn signed(&mut self, value: i128) {
        self.number(((value << 1) ^ (value >> 127)) as u128);
    }
    /// A text.
    pub fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }
    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what a [`Writer`] wrote; none: the bytes are not that.
#[derive(Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
    /// A number.
    pub fn number<T: TryFrom<u128>>(&mut self) -> Option<T> {
        let mut value = 0_u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let digit = u128::from(byte & 0x7f);
            if shift == 126 && digit > 3 {
                return None;
            }
            value |= digit << shift;
            if byte < 0x80 {
                return value.try_into().ok();
            }
        }
        None
    }
    /// How many follow, each of a byte at least.
    pub fn length(&mut self) -> Option<usize> {
        self.number().filter(|length: &usize| *length <= self.0.len())
    }
    /// A number with a sign.
    pub fn signed<T: TryFrom<i128>>(&mut self) -> Option<T> {
        let value: u128 = self.number()?;
        ((value >> 1) as i128 ^ -((value & 1) as i128)).try_into().ok()
    }
    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let numbers = [0, 1, 127, 128, 1 << 64, u128::MAX - 1, u128::MAX];
        let signed = [0, 1, -1, i128::MAX, i128::MIN, i128::from(i64::MIN)];
        let mut writer = Writer::default();
        numbers.iter().for_each(|value| writer.number(*value));
        signed.iter().for_each(|value| writer.signed(*value));
        writer.text("größer");
        let bytes = writer.finish();
        let mut reader = Reader(&bytes);
        numbers.iter().for_each(|value| assert_eq!(reader.number(), Some(*value)));
        signed.iter().for_each(|value| assert_eq!(reader.signed(), Some(*value)));
        assert_eq!(reader.text(), Some("größer"));
        assert!(reader.is_at_end());
        assert_eq!(reader.number::<u64>(), None);
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let mut writer = Writer::default();
        writer.number(1 << 64);
        assert_eq!(Reader(&writer.finish()).number::<u64>(), None);
        assert_eq!(Reader(&[0xff; 40]).number::<u128>(), None);
        // A length that no bytes are behind reserves nothing.
        let mut writer = Writer::default();
        writer.length(1 << 40);
        assert_eq!(Reader(&writer.finish()).length(), None);
    }
}
