# WRIT_SYNTAX_ONLY: the compiler reads every file, warns and refuses, and makes nothing. That is all that is wanted of clang,
# whose thread-safety analysis needs no code. Objects, libraries and programs are empty files.
set(touch "${CMAKE_COMMAND} -E touch")
set(CMAKE_CXX_COMPILE_OBJECT "<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only <SOURCE>" "${touch} <OBJECT>")
set(CMAKE_C_COMPILE_OBJECT "<CMAKE_C_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only <SOURCE>" "${touch} <OBJECT>")
set(CMAKE_ASM_COMPILE_OBJECT "${touch} <OBJECT>")
set(CMAKE_CXX_CREATE_STATIC_LIBRARY "${touch} <TARGET>")
set(CMAKE_C_CREATE_STATIC_LIBRARY "${touch} <TARGET>")
set(CMAKE_CXX_LINK_EXECUTABLE "${touch} <TARGET>")
set(CMAKE_C_LINK_EXECUTABLE "${touch} <TARGET>")
