// refused: ignoring return value
#ifdef REFUSED
int other = "reason";
#endif
