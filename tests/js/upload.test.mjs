import assert from "node:assert/strict";
import { test } from "node:test";

import { UploadError, sendForm, sizeText } from "../../static/js/lib/upload.js";

class FakeRequest extends EventTarget {
  static last;
  upload = new EventTarget();
  headers = {};

  constructor() {
    super();
    FakeRequest.last = this;
  }

  open(method, url) {
    Object.assign(this, { method, url });
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  send(body) {
    this.body = body;
  }

  sent(loaded, total) {
    this.upload.dispatchEvent(Object.assign(new Event("progress"), { lengthComputable: true, loaded, total }));
  }

  answer(status, responseText) {
    Object.assign(this, { status, responseText });
    this.dispatchEvent(new Event("load"));
  }
}

function start(onProgress) {
  const promise = sendForm("/upload/", "the form", { onProgress, Request: FakeRequest });
  return [promise, FakeRequest.last];
}

test("a stored file gives the server's answer, and its progress on the way", async () => {
  const seen = [];
  const [promise, request] = start((fraction) => seen.push(fraction));
  assert.deepEqual([request.method, request.url, request.body], ["POST", "/upload/", "the form"]);
  assert.equal(request.headers.Accept, "application/json");
  request.sent(1, 4);
  request.sent(4, 4);
  request.answer(201, '{"url": "/recordings/1/"}');
  assert.deepEqual(await promise, { url: "/recordings/1/" });
  assert.deepEqual(seen, [0.25, 1]);
});

test("a refusal carries the server's code and sentence", async () => {
  const [promise, request] = start();
  request.answer(400, '{"error": {"code": "upload.truncated", "message": "The end is missing."}}');
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UploadError);
    assert.deepEqual([error.code, error.message], ["upload.truncated", "The end is missing."]);
    return true;
  });
});

test("an answer that is no JSON and a lost connection have names too", async () => {
  for (const [status, code] of [[413, "upload.too_large"], [502, "http.502"], [200, "http.200"]]) {
    const [promise, request] = start();
    request.answer(status, "<html>");
    await assert.rejects(promise, { code });
  }
  const [promise, request] = start();
  request.dispatchEvent(new Event("error"));
  await assert.rejects(promise, { code: "upload.connection" });
});

test("sizes read like a file manager's", () => {
  assert.deepEqual([0, 830_000, 12_400_000].map(sizeText), ["1 kB", "830 kB", "12.4 MB"]);
});
