;; Programs that never end by themselves.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)
  (global $n (mut i32) (i32.const 0))
  (func (export "empty") (loop (br 0)))
  (func (export "counting") (loop (global.set $n (i32.add (global.get $n) (i32.const 1))) (br 0)))
  (func (export "storing") (loop (i32.store (global.get $n) (i32.const 1)) (br 0)))
  (func (export "host_calls") (loop (drop (call $yield)) (br 0)))
  (func (export "growing") (loop (drop (memory.grow (i32.const 1))) (br 0)))
  (func (export "growing_by_nothing") (loop (drop (memory.grow (i32.const 0))) (br 0)))
  (func (export "filling") (drop (memory.grow (i32.const 1000))) (loop (memory.fill (i32.const 0) (global.get $n) (i32.const 60000000)) (br 0)))
  (func $twice (param i32) (if (local.get 0) (then (call $twice (i32.sub (local.get 0) (i32.const 1))) (call $twice (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "exponential") (call $twice (i32.const 60)) (global.set $n (i32.const 1))))
