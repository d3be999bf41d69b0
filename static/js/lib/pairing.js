/** How a phone says which session it belongs to: the token in the address's fragment, or the short code typed by hand. */

const TOKEN_PATTERN = /^[A-Za-z0-9_-]{16,200}$/;
const CODE_LENGTH = 6;

/** @returns {string | null} the token in `#<token>` */
export function tokenOf(fragment) {
  const token = fragment.replace(/^#/, "");
  return TOKEN_PATTERN.test(token) ? token : null;
}

/** A code as it is typed, in the form in which it is shown: "k7q 4mx" gives "K7Q-4MX". */
export function formatCode(typed) {
  const letters = typed.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, CODE_LENGTH);
  return letters.length > 3 ? `${letters.slice(0, 3)}-${letters.slice(3)}` : letters;
}

export const isWholeCode = (code) => formatCode(code).length === CODE_LENGTH + 1;
