// Runs run.py on the WebAssembly build of MicroPython: node under_node.mjs PACKAGE ROOT FILE
// The build sees no files of the host, so edge/ and the folders of run.py and FILE are copied into its memory.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [build, root, file] = process.argv.slice(2);
const runner = fileURLToPath(new URL('run.py', import.meta.url));
const { loadMicroPython } = await import(pathToFileURL(join(build, 'micropython.mjs')));
const python = await loadMicroPython({ stdout: (line) => console.log(line), linebuffer: true });

function makeFolder(path) {
  if (path !== '/' && !python.FS.analyzePath(path).exists) {
    makeFolder(dirname(path));
    python.FS.mkdir(path);
  }
}

function copy(folder) {
  makeFolder(folder);
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.py')))
    python.FS.writeFile(join(folder, name), readFileSync(join(folder, name)));
}

copy(join(root, 'edge'));
copy(dirname(runner));
if (file.endsWith('.py')) copy(dirname(file));
const source = python.FS.readFile(runner, { encoding: 'utf8' });
try {
  python.runPython(`import sys\nsys.argv[:] = ${JSON.stringify([runner, root, file])}`);
  python.runPython(source);
} catch (error) {
  console.log(String(error.message ?? error));
  process.exit(1);
}
