// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/name_languages.h"

#include <algorithm>
#include <iterator>

namespace damfs::worker {
namespace {

constexpr NameLanguage kLanguages[] = {
    {"de", NameScript::kLatin, 0, U"üäößé"},
    {"fr", NameScript::kLatin, 0, U"éèêàçâîôûùëïœüÿæ"},
    {"es", NameScript::kLatin, 0, U"óíáéñúü"},
    {"pt", NameScript::kLatin, -0.1, U"ãçáéíóêõâàúôü"},
    {"it", NameScript::kLatin, -0.2, U"àèòùéìî"},
    {"ca", NameScript::kLatin, -1, U"àéèóíòúçïü·"},
    {"nordic", NameScript::kLatin, -0.3, U"åäöøæéü"},
    {"is", NameScript::kLatin, -1.2, U"áíðóöéúþýæ"},
    {"nl", NameScript::kLatin, -1, U"ëéïèöü"},
    {"pl", NameScript::kLatin, -0.2, U"łąężóśćńź"},
    {"cs", NameScript::kLatin, -0.3, U"íáéýěřžčšůúťďňó"},
    {"sk", NameScript::kLatin, -0.6, U"áíéýčžšľúťôäňďóŕĺ"},
    {"hu", NameScript::kLatin, -0.3, U"áéőóöíüúű"},
    {"ro", NameScript::kLatin, -0.5, U"ăîâșţşț"},
    {"hr", NameScript::kLatin, -0.6, U"čšžćđ"},
    {"tr", NameScript::kLatin, 0, U"ıüşğçöİâî"},
    {"lt", NameScript::kLatin, 0, U"ėšžūųįąčę"},
    {"lv", NameScript::kLatin, 0, U"āīēšūņļģķčžō"},
    {"et", NameScript::kLatin, -0.3, U"äõüöšž"},
    {"ru", NameScript::kCyrillic, 0, U"оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"},
    {"uk", NameScript::kCyrillic, -0.3, U"оанивітерслкдумпязьбгчйхцжюшїєщфґ"},
    {"bg", NameScript::kCyrillic, -0.4, U"аоиентрсвлкдпмъзубгячжщцхйшфюь"},
    {"be", NameScript::kCyrillic, -0.7, U"анісяеорыклудвмптзбйгьчцўюхшёжэф"},
    {"sr", NameScript::kCyrillic, -0.7, U"аоиенрјтсвукдмлпгзбчшцћжхњљђфџѓќѕ"},
    {"el", NameScript::kGreek, 0, U"αοιετσνηυρπκμλςίόάέωδγήχύθφβώξζψϊϋΐΰ"},
    {"he", NameScript::kHebrew, 0, U"יוהלתראמבשנדםחקעפטכגןסזצךףץ"},
    {"ar", NameScript::kArabic, 0, U"ايلمنوتربةدسعفهكحقجأصشطخذزضغثءظىئؤإآپچژگ"},
    {"th", NameScript::kThai, 0, U"านรกอเง่้วัมยลิดีทตสปบคหจพชข์ะุแูไำใโ็ืผึซถธศณภญษฐฏฎฉฟฝฆฑฒฬฮฤๆฯ๊๋ฌ"},
    {"zh-Hans", NameScript::kChinese, 0,
     U"的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家"
     U"种事"
     U"成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公"
     U"此已"
     U"工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特"
     U"代内"
     U"信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数"
     U"安少"
     U"报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达"
     U"光放"
     U"强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运图片"
     U"照文"
     U"件夹建旅游花春夏秋冬节城节视频音乐歌曲材质贴砖墙木纹石头草素材副本桌面下载我的新建说明资料备份相册婚礼生日宝北京"
     U"上海长江湖风景模型教程使用软绿红蓝黄黑"},
    {"zh-Hant", NameScript::kChinese, 0,
     U"的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家"
     U"種事"
     U"成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日軍者意無力它與長把機十民第公"
     U"此已"
     U"工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特"
     U"代內"
     U"信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數"
     U"安少"
     U"報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達"
     U"光放"
     U"強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運圖片"
     U"照資"
     U"料夾建旅遊花春夏秋冬節城視頻音樂歌曲材質貼磚牆木紋石頭草素副本桌面下載說明備份相簿婚禮日書顏色臺灣台北綠紅藍黃黑"
     U"檔案"},
    {"ja", NameScript::kJapanese, 0,
     U"ー日一大年中会人本月長国出上十生子分東三行同今高金時手見市力米自前円合立内二事社者地京間田体学下目五後新明方部女"
     U"八心四"
     U"民対主正代言九小思七山実入回場野開万全定家北六問話文動度県水安氏和政保表道相意発不党写真画像図面木材質感石壁床屋"
     U"根草"
     U"花春夏秋冬旅行海外川空風景料理音楽資料説明書設計名前先必読用紙印刷旧桜祭結婚式誕作業成果物報告議録会員動検討整理"
     U"最終"
     U"版古初期保存備考管理使用方法取扱素集色青赤白黒緑黄富士島駅神社寺城湖猫犬"},
    {"ko", NameScript::kKorean, 0,
     U"이다는의에가을지고하사로기도리아한나자시인를은대어서부그전일제수정해보과주스있여들원성구장만공라게면동상문새무안"
     U"관조비트"
     U"오모소신세내연우선유것거방니계진년위생중용때분음식회화물실차명학국미바마당현경개요적산마드크치재입영심결말실행파"
     U"프폴더"
     U"름책글설명사진그림영상음악노래여행가족결혼자료복본문바탕모델재질벽돌목나무하늘바다봄여름가을겨울집길서울부산제주"
     U"강남북"
     U"작업최종수정본백업제안표보고예산계획출장메모목록첨"}};

constexpr std::string_view kWestern[] = {"de", "fr", "es", "pt", "it", "ca", "nordic", "is", "nl"};
constexpr std::string_view kWesternDos[] = {"de", "fr", "es", "it", "nordic", "nl"};
constexpr std::string_view kCentral[] = {"pl", "cs", "sk", "hu", "ro", "hr", "de"};
constexpr std::string_view kRussian[] = {"ru", "uk", "bg", "be", "sr"};
constexpr std::string_view kRussianDos[] = {"ru", "be", "uk"};
constexpr std::string_view kRussianUnix[] = {"ru"};
constexpr std::string_view kUkrainianUnix[] = {"uk"};
constexpr std::string_view kGreek[] = {"el"};
constexpr std::string_view kTurkish[] = {"tr"};
constexpr std::string_view kBaltic[] = {"lt", "lv", "et"};
constexpr std::string_view kHebrew[] = {"he"};
constexpr std::string_view kArabic[] = {"ar"};
constexpr std::string_view kThai[] = {"th"};
constexpr std::string_view kJapanese[] = {"ja"};
constexpr std::string_view kSimplified[] = {"zh-Hans"};
constexpr std::string_view kTraditional[] = {"zh-Hant"};
constexpr std::string_view kKorean[] = {"ko"};

// What Windows' own archiver writes, by country, then what Unix and others do.
constexpr NameCharset kCharsets[] = {{"cp437", 0, kWesternDos},
                                     {"cp850", 0, kWestern},
                                     {"windows-1252", 0, kWestern},
                                     {"cp852", 0, kCentral},
                                     {"windows-1250", 0, kCentral},
                                     {"cp866", 0, kRussianDos},
                                     {"windows-1251", 0, kRussian},
                                     {"shift-jis", 0, kJapanese},
                                     {"gb18030", 0, kSimplified},
                                     {"big5", -0.3, kTraditional},
                                     {"euc-kr", -0.3, kKorean},
                                     {"koi8-r", -1, kRussianUnix},
                                     {"koi8-u", -1.5, kUkrainianUnix},
                                     {"euc-jp", -1.5, kJapanese},
                                     {"cp737", -1, kGreek},
                                     {"windows-1253", -1, kGreek},
                                     {"cp857", -1, kTurkish},
                                     {"windows-1254", -1, kTurkish},
                                     {"iso-8859-2", -1.5, kCentral},
                                     {"cp775", -1.5, kBaltic},
                                     {"windows-1257", -1.5, kBaltic},
                                     {"cp862", -1, kHebrew},
                                     {"windows-1255", -1, kHebrew},
                                     {"windows-1256", -1.5, kArabic},
                                     {"cp874", -1, kThai},
                                     {"iso-8859-15", -3, kWestern}};

}  // namespace

std::span<const NameCharset> name_charsets() { return kCharsets; }

const NameLanguage& name_language(std::string_view tag) {
  return *std::find_if(std::begin(kLanguages), std::end(kLanguages),
                       [&](const NameLanguage& each) { return each.tag == tag; });
}

}  // namespace damfs::worker
