"""The HTTP API: administration by accounts that prove who they are, with the rights of their roles."""

import base64
import http.client
import json
import threading
import time
import unittest

import archive

BUCKET = "office"
WAIT_SECONDS_MAX = 60


class Api(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.admin = cls.server.credentials()
        cls.accounts = {}
        for name, role in (("clerk", "USER"), ("auditor", "AUDITOR")):
            made = json.loads(cls.place.command("account", "create", name, "--role", role, "--json").stdout)
            cls.accounts[name] = (made["client_id"], made["client_secret"])

    def ask(self, method, path, body=None, credentials=None, headers=None):
        """Status, headers and content of an answer; `credentials` are those of the administrator unless told."""
        identity = ":".join(credentials or self.admin)
        sent = {"Authorization": "Basic " + base64.b64encode(identity.encode()).decode()}
        sent.update({"Content-Type": "application/json"} if body is not None else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.server.ports[1], timeout=30)
        try:
            content = json.dumps(body) if isinstance(body, (dict, list)) else body
            connection.request(method, path, body=content, headers=sent | (headers or {}))
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(raw) if raw else None
        finally:
            connection.close()

    def answer(self, status, method, path, body=None, credentials=None):
        found, headers, content = self.ask(method, path, body, credentials)
        self.assertEqual(status, found, content)
        if status >= 400:
            self.assertEqual("application/problem+json", headers["content-type"])
        return content

    def ended(self, transaction):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while transaction["state"] in ("waiting", "running"):
            self.assertLess(time.monotonic(), deadline, transaction)
            threading.Event().wait(0.05)
            transaction = self.answer(200, "GET", f"/api/transactions/{transaction['id']}")
        return transaction

    def test_an_account_proves_who_it_is(self):
        """Without the right secret nothing is told, not even whether the account is known; roles bound what is done."""
        client_id, secret = self.admin
        for credentials in ((client_id, secret[::-1]), ("nobody", secret), (client_id, "")):
            status, headers, _ = self.ask("GET", "/api/storage-elements", credentials=credentials)
            self.assertEqual((401, True), (status, headers["www-authenticate"].startswith("Basic")))
        for value in ("", "Basic", "Basic !", "Bearer x", "Basic " + base64.b64encode(b"no colon").decode()):
            status, _, _ = self.ask("GET", "/api/transactions", headers={"Authorization": value})
            self.assertEqual(401, status, value)
        clerk, auditor = self.accounts["clerk"], self.accounts["auditor"]
        names = [element["name"] for element in self.answer(200, "GET", "/api/storage-elements", credentials=auditor)]
        self.assertEqual(["edit-01", "rw-01"], names[:2])
        self.answer(403, "GET", "/api/storage-elements", credentials=clerk)
        new = {"name": "denied", "mode": "rw", "root": None, "max_size_bytes": None}
        for credentials in (clerk, auditor):
            self.answer(403, "POST", "/api/storage-elements", new, credentials)
            self.answer(403, "POST", "/api/storage-elements/rw-01/mode", {"mode": "ro"}, credentials)
            self.answer(403, "POST", "/api/transactions", {"bucket": BUCKET, "prefix": "", "to": "rw"}, credentials)
        self.assertEqual("rw", self.answer(200, "GET", "/api/storage-elements/rw-01")["mode"])

    def test_an_element_goes_through_its_modes(self):
        """An element is made, planned, becomes ro at once and ar by a transaction that says where it can be seen."""
        new = {"name": "paper", "mode": "rw", "root": None, "max_size_bytes": None}
        self.assertEqual("paper", self.answer(201, "POST", "/api/storage-elements", new)["name"])
        self.answer(409, "POST", "/api/storage-elements", new)
        plan = self.answer(200, "POST", "/api/storage-elements/paper/mode", {"mode": "ro", "plan": True})
        self.assertEqual(("rw", "ro", False), (plan["from"], plan["to"], plan["is_done"]))
        done = self.answer(200, "POST", "/api/storage-elements/paper/mode", {"mode": "ro"})
        self.assertTrue(done["is_done"])
        self.answer(403, "POST", "/api/storage-elements/paper/mode", {"mode": "rw"})
        self.place.command("element", "target", "paper", "--directory", self.place.folder / "tape")
        status, headers, begun = self.ask("POST", "/api/storage-elements/paper/mode", {"mode": "ar"})
        self.assertEqual((202, f"/api/transactions/{begun['id']}"), (status, headers["location"]))
        self.assertEqual("done", self.ended(begun)["state"])
        self.assertEqual("ar", self.answer(200, "GET", "/api/storage-elements/paper")["mode"])
        for path in ("/api/storage-elements/none", "/api/storage-elements/NOT%20A%20NAME"):
            self.answer(404, "GET", path)
        self.answer(404, "POST", "/api/storage-elements/NOT%20A%20NAME/mode", {"mode": "ro"})
        for body in ({"mode": "paper"}, {}, {"mode": "ro", "more": 1}):
            self.answer(422, "POST", "/api/storage-elements/rw-01/mode", body)
        self.answer(400, "POST", "/api/storage-elements/rw-01/mode", "{")
        self.answer(413, "POST", "/api/storage-elements/rw-01/mode", b" " * 70_000)

    def test_transfers_and_restores(self):
        """A transfer moves what is under a prefix and is listed; what is archived comes back for who owns the bucket."""
        self.s3.put_object(Bucket=BUCKET, Key="old/1", Body=b"one")
        asked = self.answer(202, "POST", "/api/transactions", {"bucket": BUCKET, "prefix": "old/", "to": "rw"})
        self.assertEqual(1, self.ended(asked)["moved"])
        self.assertIn(asked["id"], [known["id"] for known in self.answer(200, "GET", "/api/transactions")])
        self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=BUCKET, Key="old/1")["StorageClass"])
        self.answer(404, "POST", "/api/transactions", {"bucket": "absent", "prefix": "", "to": "rw"})
        self.answer(404, "GET", "/api/transactions/none")
        restore = {"bucket": BUCKET, "key": "old/1", "version": None, "days": 2, "tier": "Standard"}
        self.answer(403, "POST", "/api/restores", restore, self.accounts["clerk"])
        self.answer(403, "POST", "/api/restores", restore | {"bucket": "absent"}, self.accounts["clerk"])
        self.answer(409, "POST", "/api/restores", restore)
        self.place.command("element", "create", "shelf", "--mode", "ar")
        self.place.command("element", "target", "shelf", "--directory", self.place.folder / "shelf-tape")
        self.place.command("transfer", BUCKET, "old/", "--to", "ar")
        self.assertEqual("requested", self.answer(202, "POST", "/api/restores", restore))
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self.answer(200, "GET", "/api/restores")[0]["state"] != "restored":
            self.assertLess(time.monotonic(), deadline)
            threading.Event().wait(0.05)
        self.assertEqual(b"one", self.s3.get_object(Bucket=BUCKET, Key="old/1")["Body"].read())

    def test_webhooks_of_an_account(self):
        """An account sees to its own webhooks, by client id or name, and to nobody else's."""
        clerk = self.accounts["clerk"]
        new = {"url": "https://example.com/hook", "events": ["object_created"], "prefix": "in/"}
        path = f"/api/service-accounts/{clerk[0]}/webhooks"
        made = self.answer(201, "POST", path, new, clerk)
        self.assertTrue(made["secret"])
        for credentials, name in ((clerk, "clerk"), (self.admin, clerk[0])):
            [listed] = self.answer(200, "GET", f"/api/service-accounts/{name}/webhooks", credentials=credentials)
            self.assertEqual((made["id"], "in/", False), (listed["id"], listed["prefix"], "secret" in listed))
        self.answer(403, "GET", path, credentials=self.accounts["auditor"])
        self.answer(403, "GET", "/api/service-accounts/nobody/webhooks", credentials=clerk)
        self.answer(404, "GET", "/api/service-accounts/nobody/webhooks")
        self.answer(404, "DELETE", f"/api/service-accounts/auditor/webhooks/{made['id']}", credentials=self.accounts["auditor"])
        self.answer(400, "POST", path, new | {"url": "ftp://example.com"}, clerk)
        self.answer(200, "DELETE", f"{path}/{made['id']}", credentials=clerk)
        self.assertEqual([], self.answer(200, "GET", path, credentials=clerk))

    def form(self, files, boundary="edge"):
        """A form as browsers and curl send it: the name of each file is its key."""
        lines = []
        for key, body in files:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{key}"\r\nContent-Type: text/plain\r\n\r\n'
            lines.append(head.encode() + body + b"\r\n")
        return b"".join(lines) + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    def upload(self, files, query=f"bucket={BUCKET}", credentials=None):
        body, headers = self.form(files)
        return self.ask("POST", f"/api/batch/upload?{query}", body, credentials, headers)

    def test_a_batch_of_files(self):
        """Up to a hundred files are stored or deleted by one request, each for itself; one that does not come to its end
        is not stored."""
        files = [("batch/empty", b""), ("batch/отчёт.txt", b"report"), ("batch/large", b"x" * 3_000_000), ("", b"no name"),
                 ("batch/last", b"last")]
        status, _, done = self.upload(files)
        self.assertEqual((200, 1), (status, done["failed"]))
        self.assertEqual([201, 201, 201, 400, 201], [found["status"] for found in done["results"]])
        self.assertEqual([0, 6, 3_000_000, None, 4], [found.get("size") for found in done["results"]])
        for key, body in files[:3]:
            answer = self.s3.get_object(Bucket=BUCKET, Key=key)
            self.assertEqual((body, "text/plain"), (answer["Body"].read(), answer["ContentType"]))
        _, _, done = self.upload([("batch/final", b"1")], f"bucket={BUCKET}&class=STANDARD_IA")
        self.assertEqual(201, done["results"][0]["status"])
        _, _, done = self.upload([("batch/final", b"2"), ("batch/more", b"2")])
        self.assertEqual([403, 201], [found["status"] for found in done["results"]], done)
        _, _, done = self.upload([(f"many/{number}", b"1") for number in range(101)])
        self.assertEqual((101, 1, 413), (len(done["results"]), done["failed"], done["results"][100]["status"]))
        _, _, done = self.upload([("batch/foreign", b"1")], credentials=self.accounts["clerk"])
        self.assertEqual([403], [found["status"] for found in done["results"]])
        _, _, done = self.upload([("k", b"1")], "bucket=absent")
        self.assertEqual(404, done["results"][0]["status"])
        for query in ("", "bucket=NOT", f"bucket={BUCKET}&more=1"):
            self.assertEqual(400, self.upload([("k", b"1")], query)[0], query)
        self.answer(400, "POST", f"/api/batch/upload?bucket={BUCKET}", {})
        body, headers = self.form([("batch/whole", b"whole"), ("batch/cut", b"y" * 100_000)])
        _, _, done = self.ask("POST", f"/api/batch/upload?bucket={BUCKET}", body[:-60_000], headers=headers)
        self.assertEqual([201, 400], [found["status"] for found in done["results"]], done)
        listed = [found["Key"] for found in self.s3.list_objects_v2(Bucket=BUCKET, Prefix="batch/")["Contents"]]
        self.assertEqual(["batch/empty", "batch/final", "batch/large", "batch/last", "batch/more", "batch/whole",
                          "batch/отчёт.txt"], listed)
        names = [{"key": key} for key in ("batch/final", "batch/last", "batch/never was", "")]
        done = self.answer(200, "POST", "/api/batch/delete", {"bucket": BUCKET, "files": names})
        self.assertEqual([403, 200, 200, 400], [found["status"] for found in done["results"]], done)
        done = self.answer(200, "POST", "/api/batch/delete", {"bucket": BUCKET, "files": names}, self.accounts["clerk"])
        self.assertEqual({403}, {found["status"] for found in done["results"]})
        self.answer(400, "POST", "/api/batch/delete", {"bucket": BUCKET, "files": [{"key": "k"}] * 101})


if __name__ == "__main__":
    unittest.main()
