"""Events: receivers are told of every object at least once, signed, over kills and their own failures."""

import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

import archive

WAIT_SECONDS = 60


class Receiver:
    """A receiver that keeps what it takes; `status` says what it answers."""

    def __init__(self, context=None):
        self.status = 200
        self.taken = []
        self.came = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.status
                with receiver.came:
                    if status == 200:
                        receiver.taken.append((dict(self.headers.items()), body))
                    receiver.came.notify_all()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme = "https" if context else "http"
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.server.server_port}/events"

    def wait(self, is_enough):
        """Waits until what was taken is enough; answers with it."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self.came:
            while not is_enough(self.taken):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"only {len(self.taken)} events came")
                self.came.wait(left)
            return list(self.taken)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def is_genuine(secret, headers, body):
    """The check of docs/SEMANTICS.md."""
    timestamp = headers["x-artstore-timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        return False
    wanted = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest("v1=" + wanted, headers["x-artstore-signature"])


def records(taken):
    """Name, key and sequencer of every record that was taken."""
    found = []
    for _, body in taken:
        for record in json.loads(body).get("Records", []):
            detail = record["s3"]["object"]
            found.append((record["eventName"], urllib.parse.unquote_plus(detail["key"]), detail["sequencer"]))
    return found


class Events(archive.ArchiveTest):
    environment = {"ARTSTORE_WEBHOOK_PRIVATE_ADDRESSES": "true"}

    def setUp(self):
        super().setUp()
        self.restart("stop", environment=self.environment)
        self.bucket = f"events-{self.id().rsplit('.', 1)[-1].replace('_', '-')}"[:63].rstrip("-")
        self.s3.create_bucket(Bucket=self.bucket)

    def receiver(self, context=None):
        receiver = Receiver(context)
        self.addCleanup(receiver.close)
        return receiver

    def webhook(self, receiver, *more):
        made = self.place.command(
            "webhook", "create", "--account", "admin-service", "--url", receiver.url, *more, "--json"
        )
        made = json.loads(made.stdout)
        self.addCleanup(lambda: self.place.command("webhook", "remove", made["id"]))
        return made

    def notify(self, webhook, *events, **more):
        rule = {"QueueArn": webhook["arn"], "Events": list(events), **more}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [rule]}
        )

    def test_records_arrive_over_a_kill_and_a_stop(self):
        """Every object's event arrives at least once, signed, in S3's form; a kill and a receiver that is away or not."""
        receiver = self.receiver()
        webhook = self.webhook(receiver, "--events", "none")
        self.notify(webhook, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
        shown = self.s3.get_bucket_notification_configuration(Bucket=self.bucket)
        self.assertEqual(webhook["arn"], shown["QueueConfigurations"][0]["QueueArn"])
        receiver.wait(lambda taken: any(b"s3:TestEvent" in body for _, body in taken))
        wanted = set()
        for round_number, (how, status) in enumerate((("kill", 200), ("kill", 500), ("stop", 503))):
            receiver.status = status
            for number in range(40):
                key = f"round {round_number}/ключ+{number}"
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"event")
                wanted.add(("ObjectCreated:Put", key))
                if number % 4 == 0:
                    self.s3.delete_object(Bucket=self.bucket, Key=key)
                    wanted.add(("ObjectRemoved:Delete", key))
            self.restart(how, environment=self.environment)
        receiver.status = 200
        taken = receiver.wait(lambda taken: wanted <= {record[:2] for record in records(taken)})
        self.assertEqual(wanted, {record[:2] for record in records(taken)}, "nothing that did not happen")
        for headers, body in taken:
            self.assertTrue(is_genuine(webhook["secret"], headers, body))
        of_delivery = {}
        for headers, body in taken:
            event = of_delivery.setdefault(headers["x-artstore-delivery"], body)
            self.assertEqual(records([(None, event)]), records([(None, body)]), "an id stands for one event")

    def test_a_webhook_is_told_of_its_account(self):
        """Our own form, by type, bucket and prefix; a failing receiver is shown, and `test` says how it is."""
        receiver = self.receiver()
        webhook = self.webhook(
            receiver, "--events", "object_created,object_removed", "--bucket", self.bucket, "--prefix", "in/"
        )
        self.s3.put_object(Bucket=self.bucket, Key="out/1", Body=b"1")
        stored = self.s3.put_object(Bucket=self.bucket, Key="in/1", Body=b"12345")
        self.s3.copy_object(Bucket=self.bucket, Key="in/2", CopySource={"Bucket": self.bucket, "Key": "in/1"})
        self.s3.delete_object(Bucket=self.bucket, Key="in/1")
        taken = receiver.wait(lambda taken: len(taken) >= 3)
        bodies = [json.loads(body) for _, body in taken]
        self.assertEqual(
            [("s3:ObjectCreated:Put", "in/1"), ("s3:ObjectCreated:Copy", "in/2"), ("s3:ObjectRemoved:Delete", "in/1")],
            [(body["s3_event"], body["key"]) for body in bodies],
        )
        first = bodies[0]
        self.assertEqual((5, stored["ETag"].strip('"'), "edit", "STANDARD", 1), tuple(
            first[name] for name in ("size", "etag", "mode", "class", "attempt")
        ))
        self.place.command("webhook", "test", webhook["id"])
        receiver.status = 418
        failed = self.place.command("webhook", "test", webhook["id"], check=False)
        self.assertEqual(4, failed.returncode)
        self.assertIn("418", failed.stderr)
        listed = json.loads(self.place.command("webhook", "list", "--json").stdout)
        mine = next(listed for listed in listed if listed["id"] == webhook["id"])
        self.assertEqual((0, 0), (mine["dead"], mine["lost"]))
        self.assertNotIn("secret", mine)

    def test_unknown_arns_are_refused(self):
        """An ARN that names no webhook is InvalidArgument, and nothing is set."""
        for arn in ("arn:artstore:webhook:::00000000-0000-0000-0000-000000000000", "arn:aws:sns:us-east-1:1:topic"):
            with self.refused("InvalidArgument", 400):
                self.notify({"arn": arn}, "s3:ObjectCreated:*")
        self.assertNotIn("QueueConfigurations", self.s3.get_bucket_notification_configuration(Bucket=self.bucket))

    def test_tls_is_checked(self):
        """https works with a certificate that the system trusts, and with no other."""
        certificate, key = self.place.folder / "receiver.pem", self.place.folder / "receiver.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
             "-keyout", key, "-out", certificate],
            check=True, capture_output=True, timeout=60,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        receiver = self.receiver(context)
        webhook = self.webhook(receiver, "--events", "none")
        refused = self.place.command("webhook", "test", webhook["id"], check=False)
        self.assertEqual(4, refused.returncode)
        self.restart("stop", environment=self.environment | {"SSL_CERT_FILE": str(certificate)})
        self.place.command("webhook", "test", webhook["id"])
        self.assertEqual(1, len(receiver.taken))

    def test_private_addresses_are_refused(self):
        """Without the setting nothing on this machine is reached."""
        receiver = self.receiver()
        webhook = self.webhook(receiver, "--events", "none")
        self.restart("stop")
        failed = self.place.command("webhook", "test", webhook["id"], check=False)
        self.assertEqual(4, failed.returncode)
        self.assertIn("server.webhook_private_addresses", failed.stderr)
        self.assertEqual([], receiver.taken)


if __name__ == "__main__":
    unittest.main()
