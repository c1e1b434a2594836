/* Revocation: one bump of the epoch ends a capability, all that was derived from it, and what was staged under it.
 *
 * A use is announced before the epoch is compared, and is over when it is withdrawn; revoke() bumps the epoch and returns
 * when no use is announced that began before. A staged effect is compared again inside the transaction that commits it.
 *
 * Property `never_after`: once revoke() has returned nothing acts under the revoked epoch, and nothing that was staged
 * under it is committed. A use is before or after, never half.
 *
 * Mutations, each of which SPIN must find: WITHOUT_ANNOUNCING, WITHOUT_WAITING, WITHOUT_CHECK_AT_COMMIT.  */
#define USERS 2

byte epoch;
bool announced[USERS];
bool revoked;               /* revoke() has returned */
bool acted_after, committed_after;

proctype user(byte me) {
  byte minted;
  bool staged;
  do
  :: true ->
#ifndef WITHOUT_ANNOUNCING
     announced[me] = true;
#endif
     if
     :: epoch == minted ->
#ifdef WITHOUT_ANNOUNCING
        announced[me] = true;
#endif
        d_step { acted_after = acted_after || revoked; staged = true }
     :: epoch != minted -> skip
     fi;
     announced[me] = false
  :: staged ->
     /* the commit: one transaction, announced like a use */
     announced[me] = true;
#ifdef WITHOUT_CHECK_AT_COMMIT
     d_step { committed_after = committed_after || revoked };
#else
     if
     :: epoch == minted -> d_step { committed_after = committed_after || revoked }
     :: epoch != minted -> skip
     fi;
#endif
     d_step { announced[me] = false; staged = false }
  :: epoch != minted -> break
  od
}

proctype revoker() {
  byte i;
  epoch = epoch + 1;
#ifndef WITHOUT_WAITING
  for (i : 0 .. USERS - 1) { !announced[i] }
#endif
  revoked = true
}

init {
  byte i;
  atomic {
    for (i : 0 .. USERS - 1) { run user(i) }
    run revoker()
  }
}

ltl never_after { [] (!acted_after && !committed_after) }
