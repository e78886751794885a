// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "views/frame/node.h"
#include "views/frame/tree.h"
#include "views/trash/taken_out.h"

namespace damfs {

// A small file that desktops put beside their trash, above all NAME.trashinfo in the moment before they move NAME
// there. Thread-safe.
class DesktopNote {
 public:
  DesktopNote(int64_t number, const Actor& actor, uint32_t mode);
  NodeId node() const { return NodeId::file(NodeId::More::kDesktopNote, number_); }
  Attributes attributes() const;
  void set_attributes(const AttributeChange& change);
  std::string text() const;
  void write(uint64_t offset, std::span<const std::byte> data);
  void resize(uint64_t size);

 private:
  const int64_t number_;
  mutable std::mutex mutex_;
  std::string text_;
  Attributes attributes_;
};
using DesktopNoteRef = std::shared_ptr<DesktopNote>;

// What one mount keeps of .Trash-<uid>/ beside the catalog: which of them were asked for, and the notes in them. The
// folders themselves are made up (desktop_nodes.h): one for every uid there may be, so none is listed. Thread-safe.
class DesktopTrash {
 public:
  // Of its folders' numbers. There is no such View.
  enum class Part : uint8_t { kTop = 0, kFiles = 1, kInfo = 2, kExpunged = 3 };
  static constexpr std::string_view kInfoSuffix = ".trashinfo";

  static constexpr NodeId directory(uint32_t uid, Part part) {
    return NodeId::directory(ViewCode::kDesktopTrash, 0, int64_t{uid} << 2 | static_cast<int64_t>(part));
  }
  // Empty: another one.
  struct Folder {
    uint32_t uid = 0;
    Part part = Part::kTop;
  };
  static std::optional<Folder> folder_of(NodeId id);
  static bool is(const Node& directory, Part part);
  static std::string name_of_top(uint32_t uid);  // .Trash-1000

  void asked_for(uint32_t uid);
  // Those the kernel may hold something of.
  std::vector<uint32_t> uids(const std::function<bool(NodeId)>& is_known) const;

  DesktopNoteRef note(NodeId directory, std::string_view name) const;  // null: there is none
  DesktopNoteRef note(int64_t number) const;                           // also while it only is open
  DesktopNoteRef make_note(NodeId directory, std::string_view name, const Actor& actor, uint32_t mode);
  bool remove_note(NodeId directory, std::string_view name);
  bool rename_note(NodeId directory, std::string_view name, NodeId to_directory, std::string_view to);
  using NoteVisitor = std::function<bool(int64_t number, const std::string& name, const Attributes& attributes)>;
  void notes(NodeId directory, int64_t after, const NoteVisitor& visit) const;

  AllTakenOut& taken_out() { return taken_out_; }

  // A reply made the kernel cache an entry that does not exist: it is to be invalidated.
  void note_stale_entry(NodeId directory, std::string_view name);
  void take_stale_entries(const std::function<bool(NodeId)>& is_known, std::vector<Stale>& stale);

 private:
  using Key = std::pair<uint64_t, std::string>;
  void make_room();

  mutable std::mutex mutex_;
  std::set<uint32_t> uids_;
  struct Kept {
    int64_t number = 0;
    DesktopNoteRef note;
  };
  std::map<Key, Kept> notes_;
  std::map<int64_t, std::weak_ptr<DesktopNote>> by_number_;
  int64_t last_number_ = 0;
  std::vector<Stale> stale_entries_;
  AllTakenOut taken_out_;
};

}  // namespace damfs
