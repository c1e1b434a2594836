// Runs the module named by the first argument with Node's own WASI, granting it nothing.
const {readFileSync} = require('node:fs')
const {WASI} = require('node:wasi')
const wasi = new WASI({version: 'preview1', args: ['hello'], env: {}})
const module_ = new WebAssembly.Module(readFileSync(process.argv[2]))
process.exitCode = wasi.start(new WebAssembly.Instance(module_, {wasi_snapshot_preview1: wasi.wasiImport}))
