// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "fs/session.h"
#include "tests/support/fake_kernel.h"
#include "tests/support/fake_nodes.h"

namespace damfs::test {

// A tree in memory, a session over it and the kernel it talks to.
struct FakeMount {
  explicit FakeMount(unsigned threads = 4)
      : session(
            {.nodes = tree, .stats = stats, .library = "/", .owner = {.uid = 1234, .gid = 5678}, .threads = threads}),
        kernel(session) {
    greeting = kernel.init();
  }

  FakeTree tree;
  Stats stats;
  Session session;
  FakeKernel kernel;
  fuse_init_out greeting{};
};

}  // namespace damfs::test
