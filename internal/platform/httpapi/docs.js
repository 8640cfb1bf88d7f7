"use strict";

window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null, // it would send the document to another host
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
