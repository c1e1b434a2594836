/* Rebinding of slots and keys (src/writ/fence): more tasks than slots, so that a slot and its protection key go from one
 * holder to the next, on whichever thread comes.
 *
 * A thread gets the rights of a key when it passes the call gate into the guest and loses them when it comes back, also when
 * the guest is abandoned; a slot is wiped before its next holder; one whose guest was abandoned is poisoned and rebuilt.
 *
 * Property `isolated`: a thread that holds the rights of a key runs the task that holds its slot; nobody finds anything
 * of another in a slot; nobody runs in a slot whose inside was left in the middle of something.
 *
 * Mutations, each of which SPIN must find: WITHOUT_DROPPING_RIGHTS, WITHOUT_WIPING, WITHOUT_REBUILDING.  */
#define SLOTS 2
#define THREADS 3
#define NOBODY 0

byte holder[SLOTS];       /* the task in the slot; NOBODY: free */
byte content[SLOTS];      /* whose bytes lie in it; NOBODY: zeros */
bool poisoned[SLOTS];
bool broken[SLOTS];       /* left in the middle: no guest may be entered here */
byte next_task = 1;
bool stranger, leftover, entered_broken;

proctype thread() {
  byte slot, me, round;
  byte rights = SLOTS;    /* the key whose rights this thread has; SLOTS: none */
  for (round : 1 .. 2) {
    atomic {  /* the pool hands out a free slot */
      if
      :: holder[0] == NOBODY -> slot = 0
      :: holder[1] == NOBODY -> slot = 1
      fi;
      me = next_task; next_task = next_task + 1;
      holder[slot] = me
    }
#ifndef WITHOUT_REBUILDING
    if
    :: poisoned[slot] -> d_step { broken[slot] = false; poisoned[slot] = false; content[slot] = NOBODY }
    :: else -> skip
    fi;
#endif
    /* the call gate; a thread that kept rights could touch what they open at any time */
    d_step {
      stranger = stranger || (rights != SLOTS && holder[rights] != me);
      rights = slot
    }
    d_step {
      stranger = stranger || (holder[rights] != me);
      leftover = leftover || (content[slot] != NOBODY && content[slot] != me);
      entered_broken = entered_broken || broken[slot];
      content[slot] = me
    }
    if
    :: true -> skip                                              /* the guest returns */
    :: true -> d_step { poisoned[slot] = true; broken[slot] = true }  /* a fault, the timer: abandoned */
    fi;
#ifndef WITHOUT_DROPPING_RIGHTS
    rights = SLOTS;
#endif
#ifndef WITHOUT_WIPING
    content[slot] = NOBODY;
#endif
    holder[slot] = NOBODY
  }
}

init {
  byte i;
  atomic { for (i : 1 .. THREADS) { run thread() } }
}

ltl isolated { [] (!stranger && !leftover && !entered_broken) }
