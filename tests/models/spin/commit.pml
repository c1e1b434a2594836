/* The commit protocol (src/writ/gate/commit.h, src/writ/task/settlement.h): one store transaction in which the read set is
 * validated and objects and receipt become visible together; one writer at a time; a crash between any two steps.
 *
 * Property `whole`, always, also after a crash: every visible version has its receipt and no update is lost. Each task adds
 * one to the object, so the value is the number of commits, and so is the number of receipts.
 *
 * Mutations, each of which SPIN must find: WITHOUT_VALIDATION, WITHOUT_ONE_WRITER, WITHOUT_TRANSACTION.  */
#define TASKS 3

/* Durable: what a reader, or the next process after a crash, sees. */
byte value, version, receipts;

bool writing;  /* the writer's lock */
bool crashed;

#define step (!crashed)

proctype task() {
  byte seen_version, seen_value;
  d_step { step; seen_version = version; seen_value = value }  /* the snapshot */
  step;                                                         /* the guest runs: writes go to the shadow */
#ifndef WITHOUT_ONE_WRITER
  atomic { step && !writing; writing = true }
#endif
  /* validate: are the versions that were read still the newest? */
  if
#ifdef WITHOUT_VALIDATION
  :: step -> goto commit
#else
  :: step && version == seen_version -> goto commit
  :: step && version != seen_version -> goto over                /* conflict: nothing is written */
#endif
  fi;
commit:
  step;
#ifdef WITHOUT_TRANSACTION
  d_step { step; value = seen_value + 1; version = version + 1 }
  d_step { step; receipts = receipts + 1 }
#else
  d_step { step; value = seen_value + 1; version = version + 1; receipts = receipts + 1 }
#endif
over:
  step; writing = false
}

/* kill -9 or a power cut: nothing that is not durable goes on. */
proctype crash() { crashed = true }

init {
  byte i;
  atomic {
    for (i : 1 .. TASKS) { run task() }
    run crash()
  }
}

ltl whole { [] (value == version && receipts == version) }
