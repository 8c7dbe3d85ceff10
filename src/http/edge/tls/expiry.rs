//! Until when a certificate is valid, and how often the log is told that it ends.

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

/// A certificate that ends within this time is told of. Renewal by cert-manager begins earlier: at two thirds of the life.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long nothing more is told of the same certificate.
const PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// The end of a certificate's validity. Nothing where this reader cannot find it in a certificate that TLS could use.
pub(super) fn valid_until(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// What the log is told of the end of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpiryNews {
    /// It ends in so many whole days.
    Soon(i64),
    /// It has ended.
    Expired,
}

/// What was told last: of which end, whether it was over, and when.
#[derive(Debug, Default)]
pub(super) struct ToldExpiry(Option<(Timestamp, bool, Timestamp)>);

impl ToldExpiry {
    /// What is to be told at `now` of a certificate that is valid until `end`.
    pub(super) fn news(&mut self, end: Timestamp, now: Timestamp) -> Option<ExpiryNews> {
        let left = end.duration_since(now);
        let is_over = left <= SignedDuration::ZERO;
        if left >= SOON
            || self.0.is_some_and(|(told, was_over, at)| {
                (told, was_over) == (end, is_over) && now.duration_since(at) < PAUSE
            })
        {
            return None;
        }
        self.0 = Some((end, is_over, now));
        Some(if is_over { ExpiryNews::Expired } else { ExpiryNews::Soon(left.as_hours() / 24) })
    }
}

#[cfg(test)]
mod tests {
    use super::ExpiryNews::{Expired, Soon};
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read_from_it() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.not_after = rcgen::date_time_ymd(2031, 5, 17);
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        assert_eq!(valid_until(certificate.der()), Some("2031-05-17T00:00:00Z".parse().expect("a time")));
        assert_eq!(valid_until(&CertificateDer::from_slice(b"junk")), None);
    }

    #[test]
    fn the_log_is_told_of_an_end_once_a_day_from_two_weeks_before() {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let (end, renewed) = (time("2026-03-20T12:00:00Z"), time("2026-03-25T12:00:00Z"));
        let mut told = ToldExpiry::default();
        for (now, end, expected) in [
            ("2026-03-06T12:00:00Z", end, None),
            ("2026-03-06T12:00:01Z", end, Some(Soon(13))),
            ("2026-03-06T12:00:06Z", end, None),
            ("2026-03-07T12:00:00Z", end, None),
            ("2026-03-07T12:00:01Z", end, Some(Soon(12))),
            ("2026-03-20T11:59:59Z", end, Some(Soon(0))),
            ("2026-03-20T12:00:00Z", end, Some(Expired)),
            ("2026-03-20T12:00:05Z", end, None),
            ("2026-03-21T12:00:00Z", end, Some(Expired)),
            ("2026-03-21T12:00:05Z", renewed, Some(Soon(3))),
            ("2026-03-21T12:00:10Z", renewed, None),
            ("2026-03-21T12:00:10Z", time("2026-06-21T12:00:00Z"), None),
        ] {
            assert_eq!(told.news(end, time(now)), expected, "at {now} of {end}");
        }
    }
}
