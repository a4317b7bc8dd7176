// What test_javascript.py runs by `node --test`: the AWS SDK for JavaScript against the server that the environment names.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, test } from "node:test";

import {
  CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand, DeleteObjectsCommand,
  GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client, UploadPartCopyCommand, paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const { ARTSTORE_ENDPOINT: endpoint, ARTSTORE_FILE: file, ARTSTORE_FOLDER: folder } = process.env;
const MIB = 1 << 20;
const Bucket = "javascript";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const settings = { endpoint, region: "us-east-1", maxAttempts: 1 };
const s3 = new S3Client({ ...settings, forcePathStyle: true });
const body = async (Key, client = s3, bucket = Bucket) =>
  Buffer.from(await (await client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body.transformToByteArray());

before(() => s3.send(new CreateBucketCommand({ Bucket })));
after(() => s3.destroy());

// Yields pieces whose number and size the SDK cannot know.
async function* pieces(bytes) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 300_000 + 1) {
    yield bytes.subarray(at, at + size);
  }
}

test("a body in one piece and a stream keep their bytes, headers and default checksum", async () => {
  const described = { ContentType: "text/x-report", Metadata: { case: "6-499" }, CacheControl: "max-age=60" };
  const bytes = Buffer.from("в одном куске ".repeat(1000));
  const put = await s3.send(new PutObjectCommand({ Bucket, Key: "папка/one piece+.txt", Body: bytes, ...described }));
  assert.match(put.ChecksumCRC32, /^[A-Za-z0-9+/]{6}==$/);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "папка/one piece+.txt" }));
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), bytes);
  for (const [name, value] of Object.entries(described)) assert.deepEqual(got[name], value);
  const { size } = await (await import("node:fs/promises")).stat(file);
  await s3.send(new PutObjectCommand({ Bucket, Key: "streamed", Body: createReadStream(file), ContentLength: size }));
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "streamed", ChecksumMode: "ENABLED" }));
  assert.equal(head.ContentLength, size);
  assert.ok(head.ChecksumCRC32);
});

test("a stream comes down to a file as it went up", async () => {
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "streamed" }));
  await pipeline(got.Body, createWriteStream(`${folder}/streamed-back`));
  assert.equal(sha256(await readFile(`${folder}/streamed-back`)), sha256(await readFile(file)));
  const range = await s3.send(new GetObjectCommand({ Bucket, Key: "streamed", Range: "bytes=1000-1999" }));
  assert.deepEqual(Buffer.from(await range.Body.transformToByteArray()), (await readFile(file)).subarray(1000, 2000));
});

test("an Upload of a stream of unknown length goes in parts", async () => {
  const bytes = await readFile(file);
  const upload = new Upload({
    client: s3, partSize: 5 * MIB, queueSize: 3,
    params: { Bucket, Key: "uploaded", Body: Readable.from(pieces(bytes)), ContentType: "text/x-large" },
  });
  const seen = [];
  upload.on("httpUploadProgress", ({ loaded }) => seen.push(loaded));
  const done = await upload.done();
  assert.match(done.ETag, /^"[0-9a-f]{32}-4"$/);
  assert.equal(Math.max(...seen), bytes.length);
  assert.equal(sha256(await body("uploaded")), sha256(bytes));
  const short = new Upload({ client: s3, params: { Bucket, Key: "short", Body: Readable.from(pieces(bytes.subarray(0, 1234))) } });
  await short.done();
  assert.deepEqual(await body("short"), bytes.subarray(0, 1234));
});

test("an Upload that is aborted leaves nothing to read", async () => {
  const upload = new Upload({
    client: s3, partSize: 5 * MIB, queueSize: 1, params: { Bucket, Key: "aborted", Body: Readable.from(pieces(await readFile(file))) },
  });
  upload.on("httpUploadProgress", () => upload.abort());
  await assert.rejects(upload.done(), { name: "AbortError" });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "aborted" })), { name: "NoSuchKey" });
});

for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
  test(`a checksum by ${ChecksumAlgorithm} that the SDK computes is kept`, async () => {
    const Key = `checked/${ChecksumAlgorithm}`;
    const bytes = (await readFile(file)).subarray(0, 20_000);
    const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: bytes, ChecksumAlgorithm }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    assert.ok(put[`Checksum${ChecksumAlgorithm}`]);
    assert.equal(head[`Checksum${ChecksumAlgorithm}`], put[`Checksum${ChecksumAlgorithm}`]);
  });
}

test("copies are made by the server, whole and in parts", async () => {
  const bytes = await readFile(file);
  await s3.send(new PutObjectCommand({ Bucket, Key: "source é+.bin", Body: bytes, Metadata: { a: "1" } }));
  const CopySource = `${Bucket}/${encodeURIComponent("source é+.bin")}`;
  await s3.send(new CopyObjectCommand({ Bucket, Key: "copied", CopySource }));
  assert.deepEqual((await s3.send(new HeadObjectCommand({ Bucket, Key: "copied" }))).Metadata, { a: "1" });
  assert.equal(sha256(await body("copied")), sha256(bytes));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "assembled" }));
  const ranges = [[MIB, 7 * MIB], [0, 1000]];
  const Parts = [];
  for (const [index, [first, end]] of ranges.entries()) {
    const PartNumber = index + 1;
    const CopySourceRange = `bytes=${first}-${end - 1}`;
    const copied = await s3.send(
      new UploadPartCopyCommand({ Bucket, Key: "assembled", UploadId, PartNumber, CopySource, CopySourceRange }));
    Parts.push({ PartNumber, ETag: copied.CopyPartResult.ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: "assembled", UploadId, MultipartUpload: { Parts } }));
  const expected = Buffer.concat(ranges.map(([first, end]) => bytes.subarray(first, end)));
  assert.equal(sha256(await body("assembled")), sha256(expected));
});

test("a signed link gets and puts, and a changed one is refused", async () => {
  const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "linked" }), { expiresIn: 600 });
  assert.equal((await fetch(put, { method: "PUT", body: "linked" })).status, 200);
  const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "linked" }), { expiresIn: 600 });
  const answer = await fetch(get);
  assert.deepEqual([answer.status, await answer.text()], [200, "linked"]);
  assert.equal((await fetch(get.replace("Expires=600", "Expires=6000"))).status, 403);
  assert.equal((await fetch(get, { method: "DELETE" })).status, 403);
  assert.equal((await body("linked")).toString(), "linked");
});

test("a conditional put writes only where nothing is", async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: "conditional", Body: "1", IfNoneMatch: "*" }));
  await assert.rejects(
    s3.send(new PutObjectCommand({ Bucket, Key: "conditional", Body: "2", IfNoneMatch: "*" })), { name: "PreconditionFailed" });
  assert.equal((await body("conditional")).toString(), "1");
});

test("a paginated listing gives every key once, in order", async () => {
  const keys = Array.from({ length: 25 }, (_, number) => `listed/${String(number).padStart(2, "0")} ü+&`);
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
  const found = [];
  let pages = 0;
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket, Prefix: "listed/" })) {
    found.push(...page.Contents.map(({ Key }) => Key));
    pages += 1;
  }
  assert.deepEqual([found, pages], [keys, 3]);
  const Objects = keys.slice(1).map((Key) => ({ Key }));
  const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.equal(deleted.Deleted.length, 24);
  assert.equal(deleted.Errors, undefined);
});

test("a bucket is a host name", async () => {
  // RFC 6761 makes every name below localhost the loopback; Debian's resolver knows none of them.
  const lookup = (host, options, answer) =>
    options.all ? answer(null, [{ address: "127.0.0.1", family: 4 }]) : answer(null, "127.0.0.1", 4);
  const client = new S3Client({
    ...settings, endpoint: endpoint.replace("127.0.0.1", "localhost"), requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  const hosts = new Set();
  client.middlewareStack.add((next) => (call) => (hosts.add(call.request.hostname), next(call)), { step: "finalizeRequest" });
  const bucket = "javascript-virtual";
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: "папка/a b+c", Body: "by host name" }));
  assert.equal((await body("папка/a b+c", client, bucket)).toString(), "by host name");
  assert.equal((await body("папка/a b+c", s3, bucket)).toString(), "by host name");
  assert.deepEqual([...hosts], [`${bucket}.localhost`]);
  client.destroy();
});
