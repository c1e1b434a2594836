;; Ways to use up the stack. Each function does something after its call, so that no compiler makes a loop of it.
(module
  (memory 1)
  (table 2 funcref)
  (type $t (func (param i32) (result i32)))
  (elem (i32.const 0) $indirect $direct)
  (func $direct (type $t) (i32.add (call $direct (i32.add (local.get 0) (i32.const 1))) (i32.load (i32.const 8))))
  (func (export "direct") (drop (call $direct (i32.const 0))))

  (func $ping (type $t) (i32.add (call $pong (local.get 0)) (i32.load (i32.const 8))))
  (func $pong (type $t) (i32.xor (call $ping (local.get 0)) (i32.load (i32.const 12))))
  (func (export "mutual") (drop (call $ping (i32.const 0))))

  (func $indirect (type $t)
    (i32.add (call_indirect (type $t) (local.get 0) (i32.load (i32.const 4))) (i32.load (i32.const 8))))
  (func (export "indirect") (drop (call $indirect (i32.const 0))))

  (func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.store (i32.const 0) (local.get 0)))))
  (func (export "ok_deep_but_finite") (call $down (i32.const 5000)))
  (func (export "bounded_by_int_max") (call $down (i32.const -1))))
