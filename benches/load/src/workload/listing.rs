//! Listings, page after page (ListObjectsV2).

use std::time::{Duration, Instant};

use super::plan::Stock;
use super::session::{Request, Session, Target, UNSIGNED};
use crate::error::{Error, ErrorKind, Result};
use crate::http::BodyCheck;
use crate::measurement::{Elapsed, Stopwatch, Tally};
use crate::signature::percent_encoded;

/// How the keys of a bucket are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// Every key, a thousand a page.
    Flat,
    /// What stands before the first slash.
    Delimiter,
}

/// What one page says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    keys: u64,
    prefixes: u64,
    next: Option<String>,
}

/// Times pages of one client for a while, in whole listings; answers with the entries listed, too.
///
/// Every listing must hold exactly what the stock holds.
pub(super) async fn list(
    listing: Listing,
    stock: &Stock,
    target: &Target,
    duration: Duration,
) -> Result<(Tally, Elapsed, u64)> {
    let mut session = Session::open(target).await?;
    let mut tally = Tally::default();
    let mut entries = 0;
    let watch = Stopwatch::start(target.processes.clone());
    let started = Instant::now();
    while started.elapsed() < duration && tally.errors == 0 {
        match list_once(listing, stock, &mut session, &mut tally).await {
            Ok(count) => entries += count,
            Err(error) => tally.failure(error.to_string()),
        }
    }
    Ok((tally, watch.read(), entries))
}

async fn list_once(listing: Listing, stock: &Stock, session: &mut Session, tally: &mut Tally) -> Result<u64> {
    let path = &format!("/{}", stock.prefix);
    let (mut keys, mut prefixes, mut token) = (0, 0, None);
    let mut text = Vec::new();
    loop {
        let query = &query(listing, token.as_deref());
        text.clear();
        let before = Instant::now();
        let request = Request { method: "GET", path, query, payload: UNSIGNED, body: &[] };
        session.request(&request, BodyCheck::Keep(&mut text)).await?;
        tally.success(before.elapsed(), text.len() as u64);
        let page = Page::parse(&String::from_utf8_lossy(&text));
        keys += page.keys;
        prefixes += page.prefixes;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    let expected = match listing {
        Listing::Flat => (stock.count, 0),
        Listing::Delimiter => (0, stock.folders.unwrap_or_default().min(stock.count)),
    };
    if (keys, prefixes) != expected {
        let text = format!("{keys} keys and {prefixes} prefixes listed of {expected:?}");
        return Err(Error::new(ErrorKind::WrongContent, text));
    }
    Ok(keys + prefixes)
}

/// Parameters in the order of their names, as a signature wants them.
fn query(listing: Listing, token: Option<&str>) -> String {
    let token = token.map(|token| format!("continuation-token={}&", percent_encoded(token)));
    let delimiter = if listing == Listing::Delimiter { "delimiter=%2F&" } else { "" };
    format!("{}{delimiter}list-type=2&max-keys=1000", token.unwrap_or_default())
}

impl Page {
    fn parse(text: &str) -> Self {
        let next = text
            .split_once("<NextContinuationToken>")
            .and_then(|(_, behind)| behind.split_once("</NextContinuationToken>"))
            .map(|(token, _)| token.replace("&quot;", "\"").replace("&amp;", "&"));
        Self {
            keys: text.matches("<Key>").count() as u64,
            prefixes: text.matches("<CommonPrefixes>").count() as u64,
            next: next.filter(|_| text.contains("<IsTruncated>true</IsTruncated>")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, Page, query};

    /// Keys, prefixes and the way to the next page are read from an answer.
    #[test]
    fn a_page_is_read() {
        let text = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a+b</NextContinuationToken>\
                    <Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents>\
                    <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></ListBucketResult>";
        assert_eq!(Page::parse(text), Page { keys: 2, prefixes: 1, next: Some("a+b".to_owned()) });
        assert_eq!(query(Listing::Flat, Some("a+b")), "continuation-token=a%2Bb&list-type=2&max-keys=1000");
    }
}
