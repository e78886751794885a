// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/digest.h"
#include "catalog/base/names.h"
#include "catalog/base/unique_fd.h"
#include "views/frame/node_id.h"

namespace damfs {

// What stat shows. Exact, even of a file that nobody has made yet.
struct Attributes {
  NodeId node;
  mode_t mode = 0;                       // type and permission bits
  uint32_t nlink = 1;                    // a file: the number of its names; a directory: 1 ("not counted")
  uint64_t size = 0;                     // bytes; 0 for directories
  std::optional<uint64_t> data_bytes{};  // of them, those that are no hole; empty: all
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  std::optional<uint32_t> uid{}, gid{};  // empty: the mount's own
  NodeId inode{};                        // what stat tells as its number, when that is not `node`: see Draft
  bool is_cacheable = true;              // false: entry and attributes have a timeout of 0, as of what is being written
};

// Who acts.
struct Actor {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t program = 0;  // one number a program: what it does at once is one act of the journal
  std::string name{};    // of the program
  bool is_owner = true;  // whom the mount belongs to: nothing need be written down about whose a new file is
};

// What setattr asks for; what is empty stays.
struct AttributeChange {
  std::optional<uint32_t> mode{};  // permission bits
  std::optional<uint32_t> uid{}, gid{};
  std::optional<uint64_t> size{};
  std::optional<int64_t> mtime_ns{};
};

// Told once, on any thread, with no lock held: 0, or an errno.
using Done = std::function<void(int error)>;

// Where a listing stands: the key of the last entry given. A view makes the values (never 0) and takes them
// back at any later time, in any later life of the daemon; 0 is the beginning. At most 2^61.
using Cursor = uint64_t;

class EntrySink {
 public:
  virtual ~EntrySink() = default;
  // `next` is the cursor behind this entry. False: full; the entry was not taken and listing stops.
  virtual bool add(std::string_view name, const Attributes& attributes, Cursor next) = 0;
};

// The reply to a read. Exactly one of bytes, slice, fail is called, once, on any thread, with no lock held. An answer
// that is destroyed unanswered fails with EIO by itself.
class ReadAnswer {
 public:
  virtual ~ReadAnswer() = default;
  virtual void bytes(std::span<const std::byte> data) = 0;
  // Bytes [offset, offset + size) of the descriptor, which stays open until this returns. All of them must be
  // there: a file that turns out shorter than it was declared is answered with EIO.
  virtual void slice(int fd, uint64_t offset, size_t size) = 0;
  virtual void fail(int error) = 0;  // an errno
};
using ReadAnswerRef = std::shared_ptr<ReadAnswer>;

// An opened file. Thread-safe; lives until the last handle of it is released.
class Content {
 public:
  virtual ~Content() = default;
  // Answers now or later, never waits for media work (law 7).
  virtual void read(uint64_t offset, size_t size, ReadAnswerRef answer) = 0;
  // The reader was interrupted. True: the answer had not been given, is forgotten here, and the caller gives
  // EINTR; false: it was given or is being given.
  virtual bool cancel(const ReadAnswer& answer) {
    (void)answer;
    return false;
  }
  // Reads may be awaited for long: whoever closes the file gives them up.
  virtual bool answers_late() const { return false; }
  // Same bytes for ever: the kernel may keep its pages from one open to the next.
  virtual bool is_immutable() const { return true; }
  // Made for the one who opened it: the kernel must not cache its bytes for others.
  virtual bool is_its_openers() const { return false; }
  // A file that is being written. Each is done at once or later, when `done` is told; they throw Error, with the errno
  // that the writer is to be told, for what cannot even begin. `data` is the caller's again when write returns.
  virtual void write(uint64_t offset, std::span<const std::byte> data, Done done);
  virtual void allocate(int mode, uint64_t offset, uint64_t size, Done done);  // fallocate(2)
  virtual void truncate(uint64_t size, Done done);
  // From another opened file; how many bytes it was.
  using Copied = std::function<void(int error, size_t size)>;
  virtual void copy_from(const std::shared_ptr<Content>& source, uint64_t from, uint64_t to, size_t size,
                         Copied copied);
  // One descriptor of it is closed. What was written is kept from then on (law 6), or an error says that it is not.
  virtual void close(const Actor& actor, Done done) {
    (void)actor;
    done(0);
  }
  virtual void sync(Done done) { done(0); }
  // The kernel has released the handle. A content that is destroyed without this was still open when the mount ended.
  virtual void released() {}
  // A descriptor to copy all of its bytes from; -1: there is none.
  virtual int copy_fd() const { return passthrough_fd(); }
  // A descriptor that tells where there are holes in these bytes, open as long as what is given lives. Null: there are
  // none.
  virtual std::shared_ptr<const UniqueFd> holes_fd() const { return nullptr; }
  virtual std::optional<Digest> sha256() const { return std::nullopt; }  // of those bytes, where it is known
  // A descriptor whose bytes are exactly this file's, all of them and for ever, open as long as this lives; the
  // kernel may read it past this object. -1: there is none.
  virtual int passthrough_fd() const { return -1; }
};
using ContentRef = std::shared_ptr<Content>;

// Who opens a file.
struct OpenRequest {
  uint64_t reader = 0;  // one number a program: those that read at once get fair shares of the workers
  bool writes = false;
  bool truncates = false;
  Actor actor{};
};

class Node;
using NodeRef = std::shared_ptr<Node>;

class Asker;
// What is asked of a file: that it is there and what it is called by, or what is in it, attributes included.
enum class Wanted : uint8_t { kName, kBytes };

// Where the kernel's side finds nodes. Thread-safe.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  virtual NodeRef root() const = 0;
  // The node with that number, in whichever life of the daemon it was handed out; null when it is gone.
  virtual NodeRef node(NodeId id) const = 0;
  // Where a folder that people look at stands below the mountpoint; empty: it is none of those.
  virtual std::string path_of(NodeId directory) const {
    (void)directory;
    return {};
  }
  // All changes that were acknowledged are on the disk when `done` is told.
  virtual void sync(Done done) const { done(0); }
  // Whether some name in originals/ leads that one to the file, or the folder there is that one's to look into.
  virtual bool shows(const Node& node, const Asker& asker, Wanted wanted) const {
    (void)node, (void)asker, (void)wanted;
    return true;
  }
  // Notes why a request was refused, for whoever asked (asker.h: Asking) to read.
  virtual void refused(const std::string& reason) const { (void)reason; }
};

// A file or folder of the mount. Folders look their facts up in the catalog at each call; a file is as it was
// when it was found. Thread-safe. What a leaf does not offer is refused: ENOTDIR, EISDIR; writes: EROFS.
class Node {
 public:
  explicit Node(NodeId id) : id_(id) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  NodeId id() const { return id_; }

  // Empty: it is gone from the catalog since it was found.
  virtual std::optional<Attributes> attributes() const = 0;

  // Null: no such name, which is not an error. `name` finds NFC and NFD spellings alike.
  virtual NodeRef lookup(EntryName name) const;
  // Of a directory: whether the kernel may cache that a name does not exist, until it is invalidated.
  virtual bool may_cache_absence() const { return true; }
  // Likewise the entry of a name that exists.
  virtual bool may_cache_entries() const { return true; }
  virtual NodeId parent() const;  // of a directory
  // Stable order, resumable, in pages from the catalog; never "." and "..". Never starts work (law 4).
  virtual void list(Cursor after, EntrySink& sink) const;

  // Of a symbolic link: what it says. EINVAL for anything else.
  virtual std::string link_target() const;

  // Never waits; starts the making of a file that is not there yet. Throws Error for what is known to fail.
  virtual ContentRef open(const OpenRequest& request) const;

  // Extended attributes; empty: ENODATA. Never starts work (law 4).
  virtual std::optional<std::string> xattr(std::string_view name) const;
  virtual std::vector<std::string> xattr_names() const;

  // --- changes. Each is whole or not at all, and kept by the catalog when it returns. Where it says so, Error carries
  // what POSIX has for it: EEXIST, ENOENT, ENOTEMPTY, EISDIR … ---

  // In a directory. The file is opened for writing.
  struct Created {
    NodeRef node;
    ContentRef content;
  };
  virtual Created create(const Actor& actor, EntryName name, uint32_t mode) const;
  // Called before the file of that name is written to: gives the node that takes the writes and becomes its next
  // version. Null: there is no such file.
  virtual NodeRef overwrite(const Actor& actor, EntryName name) const;
  // Likewise for a sealed original that is written to by its inode number alone, under one of its names. ESTALE where
  // it is not the newest version.
  virtual NodeRef overwrite_by_number(const Actor& actor) const;
  virtual NodeRef mkdir(const Actor& actor, EntryName name, uint32_t mode) const;
  virtual NodeRef symlink(const Actor& actor, EntryName name, std::string_view target) const;
  virtual void unlink(const Actor& actor, EntryName name) const;
  virtual void rmdir(const Actor& actor, EntryName name) const;
  virtual NodeRef link(const Actor& actor, const Node& file, EntryName name) const;
  enum class Replace { kNever, kAllowed };
  virtual void rename(const Actor& actor, EntryName name, const Node& directory, EntryName to, Replace replace) const;

  // Whether what is set on it is stored under another number by now, which its names show.
  virtual bool is_written_elsewhere() const { return false; }
  virtual void set_attributes(const Actor& actor, const AttributeChange& change) const;
  // Of a file, by truncate(2). Told when it is done, which takes as long as the file is large.
  virtual void set_size(const Actor& actor, uint64_t size, Done done) const;
  enum class XattrFlag { kAny, kMustBeNew, kMustExist };
  virtual void set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const;
  // False: ENODATA.
  virtual bool remove_xattr(const Actor& actor, std::string_view name) const;

 private:
  NodeId id_;
};

}  // namespace damfs
