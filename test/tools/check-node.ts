/** Stops `npm run check` early, with the remedy, when npm's own Node was not installed and an older one from PATH is running. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `Node ${process.versions.node} is too old: run "npm ci" with install scripts allowed, so that the devDependency "node" brings its own.`,
  );
  process.exit(1);
}
