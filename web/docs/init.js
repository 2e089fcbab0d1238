document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);
// No validator badge: it would send this server's address to another host.
window.SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#docs",
  validatorUrl: null,
  deepLinking: true,
});
