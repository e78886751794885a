// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// libfuse 3.14 keeps an interrupt whose request is already answered until the next request comes, and does not
// free it with the session. Whether one is left depends on which of its threads was quicker. A request that we
// forgot to answer is found by the tests that count answers.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier): its name is given
extern "C" const char* __lsan_default_suppressions() { return "leak:libfuse3.so\n"; }
