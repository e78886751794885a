// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs::worker {

// What this process gives up before it looks at anybody's file. `confine_early` comes before the libraries are
// loaded with their tables, `confine` after. From then on it can read, write, seek and map the descriptors it is
// handed, use memory within its limits and start threads; whatever else it tries ends it with SIGSYS.
//
// Throws Error when the kernel cannot do that: an unconfined worker looks at nothing. A build with sanitizers is not
// confined, as their run-time library maps code, opens /proc/self/maps and, to look for leaks, forks and traces.
void confine_early();
void confine();

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCanConfine = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool kCanConfine = false;
#else
inline constexpr bool kCanConfine = true;
#endif
#else
inline constexpr bool kCanConfine = true;
#endif

// Nobody's user, no capability, and namespaces of its own, as far as this system gives such.
enum class Raises : bool { kNobody, kWorkers };
bool give_up_privileges(Raises raises);  // whether its children are in a namespace of processes
// Starts that namespace's first process, with which all of it ends, and which ends with this one: after the
// confinement, as Landlock lets no signal out of it.
void keep_namespace();
bool is_only_thread();  // waits a moment for those that are just ending

// `confine` in two parts, for a process that goes on in copies of itself (nursery.h): what the copies inherit, and what
// each does before it looks at anybody's file.
void confine_nursery();
void confine_raised();

// The parts of `confine`.
void refuse_paths_and_network();  // Landlock: a second wall behind the filter, where the kernel has it
void prepare_filter();            // seccomp: made once, as that takes a while
void filter_system_calls();       // and loaded by each

}  // namespace damfs::worker
