// Runs run.py on the WebAssembly build of MicroPython: node under_node.mjs PACKAGE ROOT FILE...
// Each FILE runs in a new instance; `ended STATUS` follows what it said. The build sees no files of the host, so the
// portable code and the folders of run.py and FILE are copied into its memory.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [build, root, ...files] = process.argv.slice(2);
const runner = fileURLToPath(new URL('run.py', import.meta.url));
const { loadMicroPython } = await import(pathToFileURL(join(build, 'micropython.mjs')));

function makeFolder(python, path) {
  if (path !== '/' && !python.FS.analyzePath(path).exists) {
    makeFolder(python, dirname(path));
    python.FS.mkdir(path);
  }
}

function copy(python, folder) {
  makeFolder(python, folder);
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.py')))
    python.FS.writeFile(join(folder, name), readFileSync(join(folder, name)));
}

async function run(file) {
  const python = await loadMicroPython({ stdout: (line) => console.log(line), linebuffer: true });
  const cases = file.endsWith('.py') ? [dirname(file)] : [];
  for (const folder of [join(root, 'edge'), join(root, 'firmware/reader'), dirname(runner), ...cases])
    copy(python, folder);
  try {
    python.runPython(`import sys\nsys.argv[:] = ${JSON.stringify([runner, root, file])}`);
    python.runPython(python.FS.readFile(runner, { encoding: 'utf8' }));
    return 0;
  } catch (error) {
    console.log(String(error.message ?? error));
    return 1;
  }
}

let worst = 0;
for (const file of files) {
  const status = await run(file);
  console.log(`ended ${status}`);
  worst ||= status;
}
process.exitCode = worst;
