use http::Request;

use super::{Addressed, Domains};

fn domains() -> Domains {
    Domains::new(&["localhost".to_owned(), "S3.Example.com".to_owned(), "eu.s3.example.com".to_owned()])
}

#[track_caller]
fn check(host: &str, path: &str, bucket: &str, key: &str) {
    let request = Request::get(path).header("host", host).body(()).expect("a request");
    let addressed = domains().address(&request.into_parts().0).expect("a path");
    assert_eq!(addressed, Addressed { bucket: bucket.to_owned(), key: key.to_owned() }, "{host}{path}");
}

#[test]
fn a_subdomain_of_a_domain_is_a_bucket() {
    check("docs.localhost:9000", "/a/b", "docs", "a/b");
    check("docs.localhost", "/", "docs", "");
    check("my.docs.s3.example.com", "/a%20b", "my.docs", "a b");
    check("DOCS.S3.EXAMPLE.COM", "/k", "docs", "k");
}

#[test]
fn the_longer_domain_is_meant() {
    check("docs.eu.s3.example.com", "/k", "docs", "k");
}

#[test]
fn every_other_host_is_asked_by_path() {
    for host in
        ["localhost:9000", "127.0.0.1:9000", "[::1]:9000", "archive.lan", "notlocalhost", "s3.example.com"]
    {
        check(host, "/docs/a/b", "docs", "a/b");
        check(host, "/docs", "docs", "");
        check(host, "/", "", "");
    }
}

#[test]
fn a_path_that_is_not_encoded_is_refused() {
    for path in ["/docs/%zz", "/docs/%ff"] {
        let request = Request::get(path).body(()).expect("a request");
        assert!(domains().address(&request.into_parts().0).is_err(), "{path}");
    }
}
