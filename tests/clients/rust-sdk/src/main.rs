//! What test_rust_sdk.py runs: the AWS SDK for Rust against the server that the environment names.
//!
//! Prints a line for each step that succeeded, and the links that it signed; ends with 1 at the first that fails.

use std::env;
use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const BUCKET: &str = "rust-sdk";
const MIB: usize = 1 << 20;
const PART_BYTES: usize = 5 * MIB;

struct Workflow {
    s3: Client,
    path: String,
    content: Vec<u8>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("{}", DisplayErrorContext(error.as_ref()));
        std::process::exit(1);
    }
}

async fn run() -> Outcome {
    let path = env::var("ARTSTORE_FILE")?;
    let content = std::fs::read(&path)?;
    let workflow = Workflow { s3: client()?, path, content };
    workflow.s3.create_bucket().bucket(BUCKET).send().await?;
    workflow.one_piece().await?;
    println!("ok one piece");
    workflow.streamed().await?;
    println!("ok streamed");
    workflow.parts().await?;
    println!("ok parts");
    workflow.checksums().await?;
    println!("ok checksums");
    workflow.conditional().await?;
    println!("ok conditional");
    workflow.pages().await?;
    println!("ok pages");
    workflow.links().await?;
    println!("ok links");
    workflow.copies().await?;
    println!("ok copies");
    workflow.part_copies().await?;
    println!("ok part copies");
    Ok(())
}

fn client() -> Outcome<Client> {
    let (key, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(key, secret, None, None, "environment");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(env::var("ARTSTORE_ENDPOINT")?)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .force_path_style(true)
        .build();
    Ok(Client::from_conf(config))
}

impl Workflow {
    /// A body in one piece keeps its bytes, its description and the checksum that the SDK adds by itself.
    async fn one_piece(&self) -> Outcome {
        let key = "папка/one piece+.txt";
        let put = self.s3.put_object().bucket(BUCKET).key(key).content_type("text/x-report");
        put.metadata("case", "6-499").body(ByteStream::from_static(b"one piece")).send().await?;
        let got =
            self.s3.get_object().bucket(BUCKET).key(key).checksum_mode(ChecksumMode::Enabled).send().await?;
        expect("type", got.content_type(), Some("text/x-report"))?;
        expect(
            "metadata",
            got.metadata().and_then(|all| all.get("case")).map(String::as_str),
            Some("6-499"),
        )?;
        expect("a checksum", got.checksum_crc32().is_some(), true)?;
        expect("body", got.body.collect().await?.to_vec(), b"one piece".to_vec())
    }

    /// A file that is streamed, its checksum in a trailer, comes back the same; a range gives its bytes.
    async fn streamed(&self) -> Outcome {
        let body = ByteStream::from_path(&self.path).await?;
        self.s3.put_object().bucket(BUCKET).key("streamed").body(body).send().await?;
        self.expect_body("streamed", &self.content).await?;
        let range =
            self.s3.get_object().bucket(BUCKET).key("streamed").range("bytes=1000-1999").send().await?;
        expect("range", range.body.collect().await?.to_vec(), self.content[1000..2000].to_vec())
    }

    /// An upload in parts is their concatenation; one that is aborted is nothing.
    async fn parts(&self) -> Outcome {
        let upload = self.create_upload("parts").await?;
        let mut parts = Vec::new();
        for (number, piece) in (1..).zip(self.content.chunks(PART_BYTES)) {
            let part =
                self.s3.upload_part().bucket(BUCKET).key("parts").upload_id(&upload).part_number(number);
            let sent = part.body(ByteStream::from(piece.to_vec())).send().await?;
            let checksum = sent.checksum_crc32().map(str::to_owned);
            parts.push(part_of(number, sent.e_tag()).set_checksum_crc32(checksum).build());
        }
        let count = parts.len();
        self.complete("parts", &upload, parts).await?;
        self.expect_body("parts", &self.content).await?;
        let head = self.s3.head_object().bucket(BUCKET).key("parts").send().await?;
        expect("ETag", head.e_tag().is_some_and(|etag| etag.ends_with(&format!("-{count}\""))), true)?;

        let aborted = self.create_upload("aborted").await?;
        let part = self.s3.upload_part().bucket(BUCKET).key("aborted").upload_id(&aborted).part_number(1);
        part.body(ByteStream::from_static(b"x")).send().await?;
        self.s3.abort_multipart_upload().bucket(BUCKET).key("aborted").upload_id(&aborted).send().await?;
        let gone = self.s3.get_object().bucket(BUCKET).key("aborted").send().await;
        expect("aborted", gone.err().is_some_and(|error| error.code() == Some("NoSuchKey")), true)
    }

    /// Checksums of each algorithm are computed by the SDK, and checked by it on the way back.
    async fn checksums(&self) -> Outcome {
        let body = &self.content[..20_000];
        for name in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] {
            let put = self.s3.put_object().bucket(BUCKET).key(format!("checked/{name}"));
            put.checksum_algorithm(ChecksumAlgorithm::from(name))
                .body(ByteStream::from(body.to_vec()))
                .send()
                .await?;
            self.expect_body(&format!("checked/{name}"), body).await?;
        }
        Ok(())
    }

    /// A conditional put writes only where nothing is, or over what was read.
    async fn conditional(&self) -> Outcome {
        let put = |body: &'static [u8]| {
            self.s3.put_object().bucket(BUCKET).key("conditional").body(ByteStream::from_static(body))
        };
        let first = put(b"1").if_none_match("*").send().await?;
        let refused = put(b"2").if_none_match("*").send().await;
        expect(
            "If-None-Match",
            refused.err().is_some_and(|error| error.code() == Some("PreconditionFailed")),
            true,
        )?;
        self.expect_body("conditional", b"1").await?;
        put(b"3").set_if_match(first.e_tag().map(str::to_owned)).send().await?;
        let refused = put(b"4").set_if_match(first.e_tag().map(str::to_owned)).send().await;
        expect(
            "If-Match",
            refused.err().is_some_and(|error| error.code() == Some("PreconditionFailed")),
            true,
        )?;
        self.expect_body("conditional", b"3").await
    }

    /// Pages give every key once and in order, and a batch delete takes what it names.
    async fn pages(&self) -> Outcome {
        let keys: Vec<String> = (0..25).map(|number| format!("listed/{number:02} ü+&")).collect();
        for key in &keys {
            let put = self.s3.put_object().bucket(BUCKET).key(key);
            put.body(ByteStream::from(key.clone().into_bytes())).send().await?;
        }
        expect("keys", self.listed("listed/").await?, keys.clone())?;
        let doomed: Vec<ObjectIdentifier> = keys
            .iter()
            .skip(1)
            .map(|key| ObjectIdentifier::builder().key(key).build())
            .collect::<Result<_, _>>()?;
        let delete = Delete::builder().set_objects(Some(doomed)).build()?;
        let deleted = self.s3.delete_objects().bucket(BUCKET).delete(delete).send().await?;
        expect("deleted", (deleted.deleted().len(), deleted.errors().len()), (24, 0))?;
        expect("left", self.listed("listed/").await?, keys[..1].to_vec())
    }

    /// Signs links for the one who runs this to follow.
    async fn links(&self) -> Outcome {
        let ten_minutes = || PresigningConfig::expires_in(Duration::from_secs(600));
        let put = self.s3.put_object().bucket(BUCKET).key("linked").presigned(ten_minutes()?).await?;
        let get = self.s3.get_object().bucket(BUCKET).key("linked").presigned(ten_minutes()?).await?;
        println!("put {}\nget {}", put.uri(), get.uri());
        Ok(())
    }

    /// A copy is made by the server, with metadata kept or replaced.
    async fn copies(&self) -> Outcome {
        let copy = |key: &str| self.s3.copy_object().bucket(BUCKET).key(key);
        copy("copied").copy_source(format!("{BUCKET}/streamed")).send().await?;
        self.expect_body("copied", &self.content).await?;
        let source = format!("{BUCKET}/%D0%BF%D0%B0%D0%BF%D0%BA%D0%B0/one%20piece%2B.txt");
        copy("described").copy_source(source).send().await?;
        let head = self.s3.head_object().bucket(BUCKET).key("described").send().await?;
        expect("metadata", head.metadata().and_then(|all| all.get("case")).map(String::as_str), Some("6-499"))
    }

    /// An upload of copied ranges has exactly those bytes.
    async fn part_copies(&self) -> Outcome {
        let upload = self.create_upload("assembled").await?;
        let ranges = [(MIB, 7 * MIB), (0, 1000)];
        let mut parts = Vec::new();
        let mut expected = Vec::new();
        for (number, (first, end)) in (1..).zip(ranges) {
            let part = self
                .s3
                .upload_part_copy()
                .bucket(BUCKET)
                .key("assembled")
                .upload_id(&upload)
                .part_number(number);
            let copied = part
                .copy_source(format!("{BUCKET}/streamed"))
                .copy_source_range(format!("bytes={first}-{}", end - 1))
                .send()
                .await?;
            let etag = copied.copy_part_result().and_then(|result| result.e_tag());
            parts.push(part_of(number, etag).build());
            expected.extend_from_slice(&self.content[first..end]);
        }
        self.complete("assembled", &upload, parts).await?;
        self.expect_body("assembled", &expected).await
    }

    async fn create_upload(&self, key: &str) -> Outcome<String> {
        let made = self.s3.create_multipart_upload().bucket(BUCKET).key(key).send().await?;
        Ok(made.upload_id().unwrap_or_default().to_owned())
    }

    async fn complete(&self, key: &str, upload: &str, parts: Vec<CompletedPart>) -> Outcome {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.s3.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(upload);
        complete.multipart_upload(parts).send().await?;
        Ok(())
    }

    async fn listed(&self, prefix: &str) -> Outcome<Vec<String>> {
        let mut pages =
            self.s3.list_objects_v2().bucket(BUCKET).prefix(prefix).into_paginator().page_size(10).send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page?.contents().iter().filter_map(|object| object.key()).map(str::to_owned));
        }
        Ok(keys)
    }

    async fn expect_body(&self, key: &str, expected: &[u8]) -> Outcome {
        let get = self.s3.get_object().bucket(BUCKET).key(key).checksum_mode(ChecksumMode::Enabled);
        let found = get.send().await?.body.collect().await?.into_bytes();
        // Not by `expect`: a failure would print megabytes.
        if found == expected { Ok(()) } else { Err(format!("{key}: other bytes came back").into()) }
    }
}

fn part_of(number: i32, etag: Option<&str>) -> aws_sdk_s3::types::builders::CompletedPartBuilder {
    CompletedPart::builder().part_number(number).set_e_tag(etag.map(str::to_owned))
}

fn expect<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, expected {expected:?}").into()) }
}
