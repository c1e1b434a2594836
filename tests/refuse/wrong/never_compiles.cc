// refused: invalid conversion
int never = "compiles";
