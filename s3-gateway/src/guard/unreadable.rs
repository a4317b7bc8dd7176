//! Headers of a read that S3 passes over where they cannot be read. s3s refuses the request instead.

use http::header::{IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, Method};

/// Takes out a `Range` that is no single range of bytes and times that are none, and writes the old forms of
/// a time in the one that s3s reads (RFC 9110, sections 5.6.7 and 14.2). What the signature covers stays as
/// it is, since it would not hold any more.
pub(super) fn pass_over(method: &Method, headers: &mut HeaderMap, signed: &str) {
    if ![Method::GET, Method::HEAD].contains(method) {
        return;
    }
    let is_signed = |name: &str| signed.split(';').any(|signed| signed.eq_ignore_ascii_case(name));
    let unreadable = |range: &HeaderValue| !range.to_str().is_ok_and(is_one_range);
    if !is_signed(RANGE.as_str()) && headers.get(RANGE).is_some_and(unreadable) {
        headers.remove(RANGE);
    }
    for name in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE] {
        let Some(value) = headers.get(&name).filter(|_| !is_signed(name.as_str())) else {
            continue;
        };
        let time = value.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
        match time.and_then(|time| HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()) {
            Some(value) => headers.insert(name, value),
            None => headers.remove(name),
        };
    }
}

/// Whether a text is `bytes=first-last`, `bytes=first-` or `bytes=-length`.
fn is_one_range(text: &str) -> bool {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(to)) => from <= to && is_number(first) && is_number(last),
        (Ok(_), Err(_)) => is_number(first) && last.is_empty(),
        (Err(_), Ok(_)) => first.is_empty() && is_number(last),
        (Err(_), Err(_)) => false,
    }
}
