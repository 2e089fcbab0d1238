// No validator badge: it would send this server's address to another host.
window.SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#docs",
  validatorUrl: null,
  deepLinking: true,
});
