/* A plain script for browsers that cannot read the modules: without it they would show an empty page. */
(function () {
  "use strict";

  var GIVE_UP_MS = 10000;

  function showTooOld() {
    if (document.documentElement.getAttribute("data-ready") === "yes") return;
    document.querySelector("[data-too-old]").removeAttribute("hidden");
  }

  if (!("noModule" in document.createElement("script"))) showTooOld();
  else setTimeout(showTooOld, GIVE_UP_MS);
})();
