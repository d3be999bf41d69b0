// Takes the secret from behind the # and posts it, so that no address that a server sees ever holds it.

const secret = location.hash.slice(1);

if (secret) {
  const form = document.querySelector("[data-join]");
  form.elements.secret.value = secret;
  form.hidden = false;
  document.querySelector("[data-without-secret]").hidden = true;
  history.replaceState(null, "", location.pathname);
  form.requestSubmit();
}
