// refused: ignoring return value
#ifdef REFUSED
int accepted;
#endif
