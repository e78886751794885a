// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/op_table.h"

#include <atomic>
#include <cerrno>
#include <exception>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "views/frame/asker.h"

namespace damfs {
namespace {

Session& session_of(fuse_req_t request) { return *static_cast<Session*>(fuse_req_userdata(request)); }

// What programs ask routinely, and what the kernel retries by itself, is no refusal that people should read about.
bool is_told(int code) {
  return code != ENOENT && code != ESTALE && code != ENODATA && code != EEXIST && code != EBADF;
}

// Whoever looks after the machine reads the log, not what a program was refused; once a minute says enough of it.
void log_damage(int code, std::string_view what) {
  constexpr int64_t kOnceIn = int64_t{60} * 1'000'000'000;
  static std::atomic<int64_t> next_ns{0};
  if (code != EUCLEAN) return;
  int64_t next = next_ns;
  const int64_t now = now_ns();
  if (now >= next && next_ns.compare_exchange_strong(next, now + kOnceIn)) log::error("{}", what);
}

// The boundary: in here everything is a value or an exception, out there it is exactly one reply.
template <Op op, auto handler>
struct Row;

template <Op op, typename... Args, void (*handler)(Session&, Reply&, Args...)>
struct Row<op, handler> {
  static void call(fuse_req_t request, Args... args) noexcept {
    Session& session = session_of(request);
    session.stats().count_request(op);
    Reply reply(request, session.stats());
    const Asking asking(fuse_req_ctx(request)->uid);
    try {
      handler(session, reply, args...);
    } catch (const std::exception& error) {
      reply.error(refusal(session, op_name(op), error));  // an answer that was already given stays
    } catch (...) {
      reply.error(EIO);
    }
  }
};

// Those that the asking thread is in beside its first one.
std::vector<uint32_t> groups_of(fuse_req_t request) {
  constexpr size_t kUsual = 64;
  std::vector<gid_t> groups(kUsual);
  for (;;) {
    const int found = fuse_req_getgroups(request, static_cast<int>(groups.size()), groups.data());
    if (found < 0) return {};  // it cannot be told, and so lets nobody in
    const bool is_all = static_cast<size_t>(found) <= groups.size();
    groups.resize(static_cast<size_t>(found));
    if (is_all) return {groups.begin(), groups.end()};
  }
}

template <Op op, auto handler, typename Slot>
void row(Slot& slot) {
  slot = &Row<op, handler>::call;
}

fuse_lowlevel_ops make_table() {
  fuse_lowlevel_ops ops{};
  ops.init = [](void* session, fuse_conn_info* connection) { static_cast<Session*>(session)->negotiate(*connection); };
  row<Op::kLookup, &op::lookup>(ops.lookup);
  row<Op::kForget, &op::forget>(ops.forget);
  row<Op::kForget, &op::forget_multi>(ops.forget_multi);
  row<Op::kGetattr, &op::getattr>(ops.getattr);
  row<Op::kOpen, &op::open>(ops.open);
  row<Op::kRead, &op::read>(ops.read);
  row<Op::kFlush, &op::flush>(ops.flush);
  row<Op::kRelease, &op::release>(ops.release);
  row<Op::kOpendir, &op::opendir>(ops.opendir);
  row<Op::kReaddir, &op::readdir>(ops.readdir);
  row<Op::kReaddirplus, &op::readdirplus>(ops.readdirplus);
  row<Op::kReleasedir, &op::releasedir>(ops.releasedir);
  row<Op::kStatfs, &op::statfs>(ops.statfs);
  row<Op::kGetxattr, &op::getxattr>(ops.getxattr);
  row<Op::kListxattr, &op::listxattr>(ops.listxattr);
  row<Op::kSetattr, &op::setattr>(ops.setattr);
  row<Op::kCreate, &op::create>(ops.create);
  row<Op::kMknod, &op::mknod>(ops.mknod);
  row<Op::kWrite, &op::write>(ops.write);
  row<Op::kFallocate, &op::fallocate>(ops.fallocate);
  row<Op::kCopyFileRange, &op::copy_file_range>(ops.copy_file_range);
  row<Op::kLseek, &op::lseek>(ops.lseek);
  row<Op::kFsync, &op::fsync>(ops.fsync);
  row<Op::kFsyncdir, &op::fsyncdir>(ops.fsyncdir);
  row<Op::kMkdir, &op::mkdir>(ops.mkdir);
  row<Op::kUnlink, &op::unlink>(ops.unlink);
  row<Op::kRmdir, &op::rmdir>(ops.rmdir);
  row<Op::kSymlink, &op::symlink>(ops.symlink);
  row<Op::kRename, &op::rename>(ops.rename);
  row<Op::kLink, &op::link>(ops.link);
  row<Op::kSetxattr, &op::setxattr>(ops.setxattr);
  row<Op::kRemovexattr, &op::removexattr>(ops.removexattr);
  row<Op::kReadlink, &op::readlink>(ops.readlink);
  return ops;
}

}  // namespace

const fuse_lowlevel_ops& op_table() {
  static const fuse_lowlevel_ops table = make_table();
  return table;
}

int refusal(Session& session, std::string_view what, const std::exception& error) {
  const int code = errno_of_current_exception();
  if (is_told(code)) session.options().nodes.refused(error.what());
  log_damage(code, error.what());
  log::debug("{}: {}", what, error.what());  // ordinary refusals are no news
  return code;
}

fuse_entry_param ghost(const Session& session) {
  constexpr int64_t kNobodys = int64_t{1} << 40;
  const Attributes attributes{
      .node = NodeId::file(NodeId::FileKind::kControl, 0, kNobodys), .mode = S_IFREG | 0444, .is_cacheable = false};
  return to_entry(attributes, session.options().owner, {});
}

std::optional<Announcer::Item> announced(const Session& session, const Reply& reply, fuse_ino_t parent,
                                         std::string_view name) {
  const Announcer* announcer = session.options().announcer;
  if (announcer == nullptr || !announcer->is_it(reply.asker())) return std::nullopt;
  auto item = announcer->telling(NodeId(parent), name);
  if (!item) fail(EPERM, "whoever announces changes makes none");
  return item;
}

NodeRef find_node(Session& session, fuse_ino_t number) {
  NodeRef node = session.inodes().find(NodeId(number));
  if (!node) fail(ESTALE, "there is no node {} any more", number);
  return node;
}

void require_shown(const Session& session, const Reply& reply, const Node& node, Wanted wanted) {
  if (!session.options().is_for_others) return;
  const fuse_ctx* context = fuse_req_ctx(reply.request());
  const Owner& owner = session.options().owner;
  // Whom the mount, or this process and so the library, belongs to has all of it anyway.
  if (context->uid == 0 || context->uid == owner.uid || context->uid == ::geteuid()) return;
  const Asker asker(context->uid, context->gid, owner.uid, owner.gid,
                    [request = reply.request()] { return groups_of(request); });
  if (session.options().nodes.shows(node, asker, wanted)) return;
  fail(EACCES, "originals/ shows you no name of that");
}

Attributes attributes_of(const Node& node) {
  auto attributes = node.attributes();
  if (!attributes) fail(ESTALE, "there is no node {} any more", node.id().value());
  return *attributes;
}

}  // namespace damfs
