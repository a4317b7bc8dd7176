//! Whom a webhook may reach.

use crate::webhooks::address::is_public;
use crate::webhooks::endpoint::Endpoint;

/// Addresses of this machine and of networks around it are not public, in whatever form they are written.
#[test]
fn private_addresses_are_told_from_public_ones() {
    let private = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ];
    for text in private {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.0.0.1",
        "128.0.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.0.1",
        "192.169.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
    ];
    for text in public {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

/// A URL is read as HTTP clients read it, and what is no URL of http or https is refused.
#[test]
fn urls_are_read_once() {
    let read = |text: &str| text.parse::<Endpoint>();
    let plain = read("http://receiver.example/events?a=b").unwrap();
    assert_eq!((plain.is_tls, plain.host.as_str(), plain.port), (false, "receiver.example", 80));
    assert_eq!((plain.path.as_str(), plain.authority.as_str()), ("/events?a=b", "receiver.example"));
    let tls = read("https://[2001:db8::1]:8443").unwrap();
    assert_eq!(
        (tls.is_tls, tls.host.as_str(), tls.port, tls.path.as_str()),
        (true, "2001:db8::1", 8443, "/")
    );
    let refused = [
        "",
        "receiver.example",
        "/path",
        "ftp://a/",
        "file:///etc/passwd",
        "http://",
        "http://user@a/",
        "http:///a",
    ];
    for text in refused {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(read(&format!("http://a/{}", "x".repeat(3_000))).is_err());
}
