// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "views/frame/node.h"

namespace damfs::test {

// Bytes that are not ready until the test says so.
class FakeContent final : public Content {
 public:
  explicit FakeContent(std::string text, bool ready = true) : text_(std::move(text)), ready_(ready) {}

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override;
  void read_as_usual(uint64_t offset, size_t size, ReadAnswerRef answer);  // from `instead`
  bool cancel(const ReadAnswer& answer) override;
  bool is_immutable() const override { return immutable; }
  int passthrough_fd() const override { return passes ? passes.get() : -1; }

  void wait_for_waiting(size_t reads);  // until that many reads wait
  size_t waiting() const;
  int cancelled() const;
  void wait_for_cancelled(int reads);
  void become_ready();  // answers what waits, and everything later at once
  // The answers that wait, taken away from here: cancel() no longer finds them.
  std::vector<ReadAnswerRef> take_waiting();

  // Set before the first read.
  bool immutable = true;
  bool forgetful = false;                             // drops what it is asked, unanswered
  std::function<void(const ReadAnswerRef&)> instead;  // of reading
  std::function<void()> when_cancelled;               // in cancel(), before anything else
  UniqueFd passes;                                    // what the kernel may read by itself
  UniqueFd backing;                                   // answers by slices of this

 private:
  struct Waiting {
    uint64_t offset;
    size_t size;
    ReadAnswerRef answer;
  };
  void answer(const Waiting& waiting) const;

  const std::string text_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_;
  int cancelled_ = 0;
  std::vector<Waiting> waiting_;
};

class FakeFile final : public Node {
 public:
  FakeFile(NodeId id, std::string text, std::shared_ptr<FakeContent> content);

  std::optional<Attributes> attributes() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

  std::shared_ptr<FakeContent> content;
  std::map<std::string, std::string, std::less<>> xattrs;
  std::function<void()> when_asked;  // in attributes(): may throw
  bool gone = false;

 private:
  size_t size_;
};

class FakeDirectory final : public Node {
 public:
  FakeDirectory(NodeId id, NodeId up) : Node(id), up_(up) {}

  std::optional<Attributes> attributes() const override;
  NodeRef lookup(EntryName name) const override;
  NodeId parent() const override { return up_; }
  void list(Cursor after, EntrySink& sink) const override;

  void add(const std::string& name, NodeRef node);
  void remove(const std::string& name);

  bool gone = false;

 private:
  const NodeId up_;
  mutable std::mutex mutex_;
  std::map<std::string, NodeRef, std::less<>> by_name_;
  std::map<Cursor, std::string> by_cursor_;
  Cursor last_ = 0;
};

// A tree in memory: makes nodes and finds them by number.
class FakeTree final : public NodeSource {
 public:
  FakeTree();

  NodeRef root() const override { return root_; }
  NodeRef node(NodeId id) const override;

  FakeDirectory& top() { return *root_; }
  std::shared_ptr<FakeDirectory> add_directory(FakeDirectory& in, const std::string& name);
  std::shared_ptr<FakeFile> add_file(FakeDirectory& in, const std::string& name, const std::string& text,
                                     bool ready = true, NodeId::FileKind kind = NodeId::FileKind::kOriginal);

 private:
  std::shared_ptr<FakeDirectory> root_;
  mutable std::mutex mutex_;
  int64_t last_ = 0;
  std::map<uint64_t, NodeRef> nodes_;
};

}  // namespace damfs::test
