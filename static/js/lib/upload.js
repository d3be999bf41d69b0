// Sends a form with a file and says how far it is. fetch cannot report the progress of a request; XMLHttpRequest can.

export class UploadError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const LOST = "The connection was lost while the file was being sent. Nothing was stored; try again.";
const UNKNOWN = "The server could not take the file. Try again, and tell your administrator if it happens twice.";

/**
 * POST `body` to `url`.
 * @param {(fraction: number) => void} onProgress fraction of the body that has been sent, 0 to 1
 * @returns {Promise<object>} the JSON answer; rejects with UploadError
 */
export function sendForm(url, body, { onProgress = () => {}, Request = XMLHttpRequest } = {}) {
  return new Promise((resolve, reject) => {
    const request = new Request();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "text";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300 && answer) resolve(answer);
      else reject(failure(request.status, answer));
    });
    for (const event of ["error", "abort", "timeout"]) {
      request.addEventListener(event, () => reject(new UploadError("upload.connection", LOST)));
    }
    request.send(body);
  });
}

/** "830 kB", "12.4 MB": sizes as a file manager gives them. */
export function sizeText(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function failure(status, answer) {
  if (answer?.error?.message) return new UploadError(answer.error.code, answer.error.message);
  if (status === 413) return new UploadError("upload.too_large", "This file is too large for the server.");
  return new UploadError(`http.${status}`, UNKNOWN);
}
