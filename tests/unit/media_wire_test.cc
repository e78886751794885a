// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "catalog/media/jobs/job_types.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"
#include "tests/unit/media_fixture.h"

namespace damfs::wire {
namespace {

using testing::open_descriptors;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) throw_errno(errno, "socketpair");
    a = UniqueFd(fds[0]);
    b = UniqueFd(fds[1]);
  }
  UniqueFd a, b;
};

Patience soon() { return {std::chrono::steady_clock::now() + std::chrono::milliseconds(20), -1}; }

int code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return 0;
}

TEST(Wire, CarriesFramesInOrderWithTheirDescriptors) {
  const size_t before = open_descriptors();
  {
    Pair pair;
    const UniqueFd null = open_file("/dev/null", O_RDONLY);
    const std::array<int, 2> fds{null.get(), null.get()};
    send_frame(pair.a.get(), "first", fds, {});
    send_frame(pair.a.get(), "", {}, {});
    send_frame(pair.a.get(), "third", std::span(fds).first(1), {});
    const auto first = receive_frame(pair.b.get(), 2, soon());
    ASSERT_TRUE(first);
    EXPECT_EQ(first->payload, "first");
    ASSERT_EQ(first->descriptors.size(), 2U);
    EXPECT_EQ(::fcntl(first->descriptors[1].get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(receive_frame(pair.b.get(), 2, soon())->payload, "");
    EXPECT_EQ(receive_frame(pair.b.get(), 2, soon())->descriptors.size(), 1U);
    pair.a.reset();
    EXPECT_FALSE(receive_frame(pair.b.get(), 2, soon()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Wire, CarriesTheLongestFrameThroughAShortPipe) {
  Pair pair;
  const std::string payload(kMaxFrame, 'x');
  std::thread sender([&] { send_frame(pair.a.get(), payload, {}, {}); });
  const auto frame = receive_frame(pair.b.get(), 0, {});
  sender.join();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload, payload);
  EXPECT_EQ(code_of([&] { send_frame(pair.a.get(), payload + "x", {}, {}); }), EPROTO);
}

TEST(Wire, RefusesAFrameThatClaimsTooMuch) {
  Pair pair;
  ASSERT_EQ(::write(pair.a.get(), "\xff\xff\xff\x7f", 4), 4);
  EXPECT_EQ(code_of([&] { receive_frame(pair.b.get(), 0, soon()); }), EPROTO);
}

TEST(Wire, HalfAFrameIsABrokenPeer) {
  Pair pair;
  ASSERT_EQ(::write(pair.a.get(), "\x05\0\0\0abc", 7), 7);
  EXPECT_EQ(code_of([&] { receive_frame(pair.b.get(), 0, soon()); }), ETIMEDOUT);
  Pair other;
  ASSERT_EQ(::write(other.a.get(), "\x05\0\0\0abc", 7), 7);
  other.a.reset();
  EXPECT_EQ(code_of([&] { receive_frame(other.b.get(), 0, soon()); }), EPIPE);
}

TEST(Wire, DescriptorsNobodyAskedForDoNotArrive) {
  const size_t before = open_descriptors();
  {
    Pair pair;
    const std::array<int, 2> fds{0, 1};
    send_frame(pair.a.get(), "take these", fds, {});
    const auto frame = receive_frame(pair.b.get(), 0, soon());
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->descriptors.empty());
    EXPECT_EQ(open_descriptors(), before + 2);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Wire, AnInterruptEndsTheWait) {
  Pair pair;
  const UniqueFd event(::eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(code_of([&] { receive_frame(pair.b.get(), 0, {std::nullopt, event.get()}); }), EINTR);
}

TEST(Wire, JobsAndAnswersComeThrough) {
  Job job;
  job.type = JobType::kStill;
  static_cast<StillSpec&>(job.still) = {{800, 600}, 49152, StillFormat::kJpeg, 60, 3};
  job.still.also = {{{200, 150}, 16384, StillFormat::kPng, 100, 4}};
  job.still.kind = Kind::kVideo;
  job.still.mime = "video/mp4";
  job.still.seek_us = 1'500'000;
  const Job back = request_from_payload(request_to_payload(job));
  EXPECT_EQ(back.type, JobType::kStill);
  EXPECT_EQ(back.still.target, job.still.target);
  EXPECT_EQ(back.still.declared_bytes, 49152);
  EXPECT_EQ(back.still.format, StillFormat::kJpeg);
  EXPECT_EQ(back.still.quality, 60);
  ASSERT_EQ(back.still.also.size(), 1U);
  EXPECT_EQ(back.still.also[0].target, (Raster{200, 150}));
  EXPECT_EQ(back.still.also[0].format, StillFormat::kPng);
  EXPECT_EQ(back.still.composition, Composition::kNone);
  EXPECT_EQ(back.still.sources, 1);
  EXPECT_EQ(back.still.kind, Kind::kVideo);
  EXPECT_EQ(back.still.seek_us, 1'500'000);
  EXPECT_THROW(request_from_payload("{}"), Error);
  EXPECT_THROW(request_from_payload(R"({"type":9})"), Error);
  job.still.composition = Composition::kCollage;
  job.still.sources = kMaxCollage + 1;
  EXPECT_THROW(request_from_payload(request_to_payload(job)), Error);
  job.still.sources = 2;

  JobResult yes;
  yes.ok = true;
  yes.real_bytes = 777;
  yes.encodes = 2;
  EXPECT_EQ(result_from_payload(result_to_payload(yes, job), job).real_bytes, 777);
  EXPECT_EQ(result_from_payload(result_to_payload(yes, job), job).encodes, 2);
  JobResult no;
  no.reason = "line\nbreak\x1b[0m";
  no.permanent = false;
  const JobResult answer = result_from_payload(result_to_payload(no, job), job);
  EXPECT_FALSE(answer.ok || answer.permanent);
  EXPECT_EQ(answer.reason.find_first_of("\n\x1b"), std::string::npos);
  for (const char* odd : {"", "?", "+", "+abc", "+-5", "+0", "+65537", "+7 ", "+7,", "+7,x"}) {
    EXPECT_THROW(result_from_payload(odd, job), Error) << odd;
  }
}

TEST(Wire, EachTypeOfJobHasOneRowThatSaysAllOfIt) {
  int64_t last = 0;
  for (const JobTypeRow* row : job_types()) {
    const auto number = static_cast<int64_t>(row->type);
    EXPECT_GT(number, last);
    last = number;
    EXPECT_EQ(&job_type(row->type), row);
    EXPECT_TRUE(row->write_request && row->read_request && row->write_answer && row->read_answer) << number;
    EXPECT_TRUE(row->sources && row->output_bytes && row->take && row->deadlines && row->cost) << number;
  }
  // 256 more than a type's number is not that type.
  for (const int64_t unknown : {int64_t{-1}, int64_t{0}, last + 1, int64_t{257}, int64_t{1} << 32 | 1}) {
    EXPECT_EQ(code_of([&] { job_type(unknown); }), EPROTO) << unknown;
    EXPECT_EQ(code_of([&] { request_from_payload(R"({"type":)" + std::to_string(unknown) + "}"); }), EPROTO) << unknown;
  }
}

TEST(Wire, DescriptorsGoToWhereTheirJobHasThem) {
  const auto null = [] { return open_file("/dev/null", O_RDONLY); };
  Job job;
  job.type = JobType::kStill;
  job.still.sources = 2;
  job.still.also = {StillSpec{}};
  job.source = null();
  job.more.push_back(null());
  job.more.push_back(null());  // an output, which no worker sees
  const UniqueFd first = null();
  const UniqueFd second = null();
  const std::array<int, 2> outputs{first.get(), second.get()};
  const std::vector<int> sent = descriptors_of(job, outputs);
  EXPECT_EQ(sent, (std::vector<int>{job.source.get(), job.more[0].get(), first.get(), second.get()}));

  const auto taken = [](const Job& of, size_t count) {
    Job back = request_from_payload(request_to_payload(of));
    std::vector<UniqueFd> descriptors;
    for (size_t i = 0; i < count; ++i) descriptors.push_back(open_file("/dev/null", O_RDONLY));
    take_descriptors(back, std::move(descriptors));
    return back;
  };
  job.still.composition = Composition::kCollage;
  const Job still = taken(job, 4);
  EXPECT_TRUE(still.source && still.output && !still.index);
  EXPECT_EQ(still.more.size(), 2U);
  Job member;
  member.type = JobType::kMember;
  EXPECT_FALSE(taken(member, 2).index);
  EXPECT_TRUE(taken(member, 3).index);
  for (const auto& [of, count] : {std::pair(&job, 3), {&job, 5}, {&member, 1}, {&member, 4}}) {
    EXPECT_EQ(code_of([&, of = of, count = count] { taken(*of, static_cast<size_t>(count)); }), EPROTO) << count;
  }
  EXPECT_EQ(code_of([&] { taken(Job{}, 0); }), EPROTO);
  EXPECT_EQ(code_of([&] { taken(Job{}, 2); }), EPROTO);
}

}  // namespace
}  // namespace damfs::wire
