// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/fake_nodes.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "catalog/base/error.h"
#include "tests/support/patience.h"

namespace damfs::test {
namespace {

constexpr int64_t kSomeTime = 1'700'000'000'123'456'789;

Attributes make_attributes(NodeId id, mode_t mode, uint32_t nlink, uint64_t size) {
  return {.node = id, .mode = mode, .nlink = nlink, .size = size, .mtime_ns = kSomeTime, .ctime_ns = kSomeTime + 1};
}

}  // namespace

void FakeContent::read(uint64_t offset, size_t size, ReadAnswerRef answer_ref) {
  if (instead) return instead(answer_ref);
  if (!forgetful) read_as_usual(offset, size, std::move(answer_ref));
}

void FakeContent::read_as_usual(uint64_t offset, size_t size, ReadAnswerRef answer_ref) {
  const Waiting now{offset, size, std::move(answer_ref)};
  {
    const std::lock_guard lock(mutex_);
    if (!ready_) {
      waiting_.push_back(now);
      changed_.notify_all();
      return;
    }
  }
  answer(now);
}

bool FakeContent::cancel(const ReadAnswer& answer) {
  if (when_cancelled) when_cancelled();
  ReadAnswerRef dropped;
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& waiting) { return waiting.answer.get() == &answer; });
  if (found == waiting_.end()) return false;
  dropped = std::move(found->answer);
  waiting_.erase(found);
  ++cancelled_;
  changed_.notify_all();
  return true;
}

void FakeContent::wait_for_waiting(size_t reads) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(30), [&] { return waiting_.size() >= reads; })) {
    throw std::runtime_error("no read came to wait");
  }
}

size_t FakeContent::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

int FakeContent::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void FakeContent::wait_for_cancelled(int reads) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(30), [&] { return cancelled_ >= reads; })) {
    throw std::runtime_error("no read was cancelled");
  }
}

void FakeContent::become_ready() {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    ready_ = true;
    waiting.swap(waiting_);
  }
  for (const Waiting& one : waiting) answer(one);
}

std::vector<ReadAnswerRef> FakeContent::take_waiting() {
  std::vector<ReadAnswerRef> answers;
  const std::lock_guard lock(mutex_);
  for (Waiting& one : waiting_) answers.push_back(std::move(one.answer));
  waiting_.clear();
  return answers;
}

void FakeContent::answer(const Waiting& waiting) const {
  const size_t from = std::min<size_t>(waiting.offset, text_.size());
  const size_t size = std::min(waiting.size, text_.size() - from);
  if (backing) return waiting.answer->slice(backing.get(), from, size);
  waiting.answer->bytes(std::as_bytes(std::span(text_)).subspan(from, size));
}

FakeFile::FakeFile(NodeId id, std::string text, std::shared_ptr<FakeContent> given)
    : Node(id), content(std::move(given)), size_(text.size()) {}

std::optional<Attributes> FakeFile::attributes() const {
  if (when_asked) when_asked();
  if (gone) return std::nullopt;
  return make_attributes(id(), S_IFREG | 0644, 2, size_);
}

ContentRef FakeFile::open(const OpenRequest& request) const {
  if (request.writes) fail(EROFS, "nothing is written here");
  return content;
}

std::optional<std::string> FakeFile::xattr(std::string_view name) const {
  const auto found = xattrs.find(name);
  if (found == xattrs.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> FakeFile::xattr_names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : xattrs) names.push_back(name);
  return names;
}

std::optional<Attributes> FakeDirectory::attributes() const {
  if (gone) return std::nullopt;
  return make_attributes(id(), S_IFDIR | 0755, 1, 0);
}

NodeRef FakeDirectory::lookup(EntryName name) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name.view());
  return found == by_name_.end() ? nullptr : found->second;
}

void FakeDirectory::list(Cursor after, EntrySink& sink) const {
  const std::lock_guard lock(mutex_);
  for (auto entry = by_cursor_.upper_bound(after); entry != by_cursor_.end(); ++entry) {
    const auto attributes = by_name_.find(entry->second)->second->attributes();
    if (attributes && !sink.add(entry->second, *attributes, entry->first)) return;
  }
}

void FakeDirectory::add(const std::string& name, NodeRef node) {
  const std::lock_guard lock(mutex_);
  by_name_[name] = std::move(node);
  last_ += 1000;  // cursors are the view's own; nothing may take them for positions
  by_cursor_[last_] = name;
}

void FakeDirectory::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  by_name_.erase(name);
  std::erase_if(by_cursor_, [&](const auto& entry) { return entry.second == name; });
}

FakeTree::FakeTree() : root_(std::make_shared<FakeDirectory>(NodeId::root(), NodeId::root())) {}

NodeRef FakeTree::node(NodeId id) const {
  if (id == NodeId::root()) return root_;
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(id.value());
  return found == nodes_.end() ? nullptr : found->second;
}

std::shared_ptr<FakeDirectory> FakeTree::add_directory(FakeDirectory& in, const std::string& name) {
  std::shared_ptr<FakeDirectory> directory;
  {
    const std::lock_guard lock(mutex_);
    directory = std::make_shared<FakeDirectory>(NodeId::directory(1, 0, ++last_), in.id());
    nodes_[directory->id().value()] = directory;
  }
  in.add(name, directory);
  return directory;
}

std::shared_ptr<FakeFile> FakeTree::add_file(FakeDirectory& in, const std::string& name, const std::string& text,
                                             bool ready, NodeId::FileKind kind) {
  std::shared_ptr<FakeFile> file;
  {
    const std::lock_guard lock(mutex_);
    file = std::make_shared<FakeFile>(NodeId::file(kind, 0, ++last_), text, std::make_shared<FakeContent>(text, ready));
    nodes_[file->id().value()] = file;
  }
  in.add(name, file);
  return file;
}

}  // namespace damfs::test
