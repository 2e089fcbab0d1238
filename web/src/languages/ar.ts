import type { Translation } from "./translation.ts";

const rules = new Intl.PluralRules("ar");

/**
 * A count with its noun: one, two, three to ten, eleven to ninety-nine, and the hundreds each have
 * a form.
 */
function count(n: number, [one, two, few, many, other]: [string, string, string, string, string]): string {
  const form = rules.select(n);
  if (form === "one") return one;
  if (form === "two") return two;
  return `${n} ${form === "few" ? few : form === "many" ? many : other}`;
}

const messages = (n: number) => count(n, ["رسالة واحدة", "رسالتين", "رسائل", "رسالة", "رسالة"]);
const images = (n: number) => count(n, ["صورة واحدة", "صورتين", "صور", "صورة", "صورة"]);
const minutes = (n: number) => count(n, ["دقيقة", "دقيقتان", "دقائق", "دقيقة", "دقيقة"]);
const hours = (n: number) => count(n, ["ساعة", "ساعتان", "ساعات", "ساعة", "ساعة"]);
const days = (n: number) => count(n, ["يوم", "يومان", "أيام", "يومًا", "يوم"]);
const seconds = (n: number) => count(n, ["ثانية واحدة", "ثانيتين", "ثوانٍ", "ثانية", "ثانية"]);

/** What the program says of a code or a link, each sentence with its quoted word left as it is. */
const REASONS: [RegExp, (word: string) => string][] = [
  [/^next to “(.*)” in the subject$/, (word) => `بجوار «${word}» في الموضوع`],
  [/^next to “(.*)”$/, (word) => `بجوار «${word}»`],
  [/^after “(.*)” in the subject$/, (word) => `بعد «${word}» في الموضوع`],
  [/^after “(.*)”$/, (word) => `بعد «${word}»`],
  [/^on a line of its own after “(.*)”$/, (word) => `في سطر مستقل بعد «${word}»`],
  [/^on a line of its own before “(.*)”$/, (word) => `في سطر مستقل قبل «${word}»`],
  [/^on a line of its own, with “(.*)” in the subject$/, (word) => `في سطر مستقل، وفي الموضوع «${word}»`],
  [/^its text says “(.*)”$/, (word) => `نص الرابط يقول «${word}»`],
  [/^the text before it says “(.*)”$/, (word) => `النص الذي قبله يقول «${word}»`],
  [/^the text beside it says “(.*)”$/, (word) => `النص الذي بجانبه يقول «${word}»`],
  [/^the (subject) asks to confirm something$/, () => "الموضوع يطلب تأكيد شيء"],
  [/^its address has “(.*)”$/, (word) => `في عنوان الرابط «${word}»`],
];

export const translation: Translation = {
  page: {
    inbox: {
      copy: "نسخ",
      address: "العنوان",
      copied: "تم النسخ",
      fresh: "جديد",
      freshTitle: "صندوق آخر",
      deleteAll: "حذف الكل",
      allMail: "كل البريد",
      everyone: "كل من يصل إلى هذا الخادم يستطيع قراءته كله.",
      public: "صندوق علني: كل من يعرف الاسم يستطيع قراءته.",
      locked: "صندوق مقفل: لا يقرؤه إلا من لديه مفتاحه.",
      kept: (age) => `تُحذف الرسائل بعد ${age}، ويبقى العنوان.`,
      share: "مشاركة",
      notify: "نبّهني عند وصول بريد",
      notifying: "نبّهني عند وصول بريد: مفعّل",
      notifyDenied: "متصفحك لا يسمح لهذه الصفحة بالتنبيه",
      messages: "الرسائل",
      search: (n, more) => `ابحث في ${more ? `أكثر من ${n} رسالة` : messages(n)}`,
      order: "الترتيب",
      newest: "الأحدث",
      oldest: "الأقدم",
      unreadFirst: "غير المقروء",
      none: "لا شيء هنا يطابق.",
      searching: "يجري البحث في نصوص الرسائل كلها…",
      searchFailed: (cause) => `لم يُبحث في كل شيء: ${cause}`,
      older: "حمّل رسائل أقدم",
      loading: "جارٍ التحميل…",
      noSubject: "(بلا موضوع)",
      noSender: "(بلا مرسل)",
      unread: "غير مقروءة",
      open: "افتح",
      arrived: (from, subject) => `رسالة جديدة من ${from}: ${subject}`,
      pick: "اختر رسالة لتقرأها.",
    },
    empty: {
      title: "في الانتظار…",
      lead: "يظهر هنا البريد المرسل إلى هذا العنوان من تلقاء نفسه.",
      tryIt: "جرّبه من سطر الأوامر",
      command: "الأمر",
    },
    live: {
      live: "مباشر",
      lost: "غير مباشر",
      connecting: "جارٍ الاتصال…",
      waiting: (n) => `يعاد الاتصال بعد ${seconds(n)}`,
      offline: "غير متصل",
      retry: "حاول الآن",
    },
    failed: {
      title: "لم ينجح ذلك",
      offline: "أنت غير متصل بالشبكة.",
      again: (n) => `محاولة أخرى بعد ${seconds(n)}.`,
      retry: "حاول من جديد",
      chunk: "تعذّر تحميل جزء من الصفحة. ربما غاب الخادم أو صار أحدث.",
      start: "تعذّر بدء الصفحة.",
    },
    message: {
      reading: "الرسالة",
      code: "الرمز",
      attached: "المرفقات",
    },
    time: {
      now: "الآن",
      minutes,
      hours,
      days,
      wholeDays: days,
      wholeHours: hours,
    },
    keyboard: "لوحة المفاتيح",
    language: "اللغة",
    reason: (english) => {
      for (const [pattern, say] of REASONS) {
        const word = pattern.exec(english)?.[1];
        if (word !== undefined) return say(word);
      }
      return english;
    },
    errors: {
      unreachable: "تعذّر الوصول إلى الخادم.",
      badStatus: (status) => `أجاب الخادم بـ ${status}.`,
      unknownSource: (name) => `يذكر config.json مصدرًا لا تعرفه هذه الصفحة: ${name}`,
    },
    theme: { auto: "المظهر: كالنظام", light: "المظهر: فاتح", dark: "المظهر: داكن" },
  },
  landing: {
    title: "اختر عنوانًا واقرأ بريده",
    lead: "اختر أي اسم، وأعطِ العنوان لمن تشاء، وشاهد ما يصل. بلا حساب ولا كلمة مرور.",
    name: "اسم الصندوق",
    domain: "النطاق",
    go: "افتح",
    another: "اسم آخر",
    lock: "أقفِله",
    lockNote:
      "يأخذ العنوان نهاية خاصة، ويأخذ هذا المتصفح المفتاح الوحيد. من دون المفتاح لا يفتح الصندوقَ أحد.",
    recent: "صناديق حديثة",
    forget: "انسَها",
    invalid: "هذا ليس عنوانًا: اسم بلا مسافات، ثم نطاق.",
    foreign: (domains) => `يستقبل هذا الخادم بريد ${domains} وما تحته.`,
    anyDomain: "يستقبل هذا الخادم بريد أي نطاق.",
    abuse: "أبلِغ عن إساءة",
    points: (age, notice) => [
      ["أي اسم يصلح", "يوجد الصندوق بمجرد أن يكتب إليه أحد."],
      ["علني عن قصد", `${notice ?? "كل من يعرف الاسم يستطيع قراءته."} لا ترسل أسرارًا.`],
      [
        "يزول من تلقاء نفسه",
        `تُحذف الرسائل ${age ? `بعد ${age}` : "عندما تضيق المساحة"}، ويبقى العنوان صالحًا.`,
      ],
    ],
  },
  keyboard: {
    title: "لوحة المفاتيح",
    list: [
      ["j", "الرسالة التالية"],
      ["k", "الرسالة السابقة"],
      ["Enter", "افتح"],
      ["Esc", "عُد إلى القائمة"],
      ["/", "ابحث"],
      ["r", "حدّث"],
      ["?", "هذه المساعدة"],
    ],
    use: "استعمل هذه المفاتيح",
    close: "أغلق",
  },
  allMail: {
    counts: (n, unread) => `${messages(n)}${unread ? `، منها ${unread} غير مقروءة` : ""}`,
    operators: "ما يفهمه البحث",
  },
  share: {
    title: "افتح هذا الصندوق في جهاز آخر",
    lead: "امسحه بهاتفك لتفتح هذا الصندوق هناك.",
    local: "يقود هذا الرابط إلى هذا الحاسوب وحده: لا يستطيع جهاز آخر فتحه.",
    withKey:
      "في الرابط المفتاح: من لديه الرابط يقرأ هذا الصندوق. احتفظ به، فلا أحد يستطيع صنع المفتاح من جديد.",
    link: "الرابط",
    code: (address) => `رمز QR لرابط ${address}`,
    send: "مشاركة…",
    close: "أغلق",
  },
  gone: {
    title: "هذه الرسالة زالت",
    lead: "انتهت مدتها، أو حذفها أحد.",
    toInbox: "إلى الصندوق",
  },
  lock: {
    title: "هذا الصندوق مقفل",
    lead: "لا يُفتح إلا بمفتاحه، وليس المفتاح في هذا المتصفح. ألصق المفتاح، أو رابطًا فيه المفتاح.",
    key: "مفتاح هذا الصندوق",
    open: "افتح",
    noKey: "هذا ليس مفتاحًا: للمفتاح 26 من الحروف a-z والأرقام 2-7.",
    wrong: "هذا المفتاح لا يفتح هذا الصندوق.",
    where: "المفتاح حيث صُنع هذا العنوان: في ذلك المتصفح، تحت «مشاركة». لا أحد يستطيع صنعه من جديد.",
  },
  host: {
    title: "من أين تقرأ هذه الصفحة، وكم يستغرق الجواب",
  },
  confirmDelete: {
    one: "أتُحذف هذه الرسالة؟",
    all: (address) => (address ? `أتُحذف كل رسائل ${address}؟` : "أيُحذف كل البريد من كل الصناديق؟"),
    lead: "لكل من يقرأ هذا الصندوق. لا يمكن التراجع عن ذلك.",
    yes: "احذف",
    no: "أبقِ",
    failed: (cause) => `لم تُحذف: ${cause}`,
  },
  reader: {
    back: "عودة",
    backTo: (subject) => `عودة إلى ${subject}`,
    attachedMessage: "رسالة مرفقة",
    delete: "حذف",
    print: "طباعة",
    left: (left) => `بقي ${left}`,
    via: (sender) => `أُرسلت باسم ${sender}`,
    to: "إلى",
    views: "أوجه عرض هذه الرسالة",
    html: "HTML",
    text: "نص",
    headers: "الترويسات",
    raw: "الأصل",
    body: "نص الرسالة",
    blocked: (n) => `مُنع تحميل ${images(n)} من الشبكة`,
    blockedWhy: "تحميل الصور يخبر المرسل بأنك قرأت الرسالة.",
    load: "حمّل",
    empty: "لا نص في هذه الرسالة.",
    fromHtml: "أُخذ من HTML: ليس في الرسالة جزء نصي.",
    noHtml: "HTML هذه الرسالة أكبر أو أغرب من أن يُعرض. النص والأصل متاحان.",
    unparsable: (why) => `تعذّر تفكيك هذه الرسالة (${why}). هذه هي كما وصلت.`,
    download: "تنزيل",
    eml: "تنزيل .eml",
    cut: (shown, whole) => `أول ${shown} من ${whole}.`,
    more: (n) => `و${n} أخرى`,
    progress: (done, whole) => `${done} من ${whole}…`,
    links: {
      title: "الروابط",
      elsewhere: (host) => `النص يقول ${host}`,
      punycode: "قد تكون فيه حروف متشابهة",
    },
    attachments: {
      title: "المرفقات",
      preview: "معاينة",
      hide: "إخفاء",
      open: "افتح",
      noPreview: "لا معاينة له: ليس ما يقول إنه هو. نزّله لتنظر فيه.",
      unnamed: "بلا اسم",
      saveAll: "احفظ الكل في ‎.zip",
      saving: "جارٍ الحزم…",
      notSaved: "تعذّر حزمها. نزّلها واحدًا واحدًا.",
    },
    blockedContent: {
      title: "ما كانت هذه الرسالة ستفعله",
      lead: "لم يحدث شيء من ذلك.",
      loaded: "لم يحدث شيء من ذلك، سوى الصور التي حمّلتها.",
      images: (n, hosts) => `تحميل ${images(n)} من ${hosts}`,
      trackers: (n, hosts) =>
        `إخبار ${hosts} بأنك فتحتها، عبر ${count(n, ["بكسل تتبّع واحد", "بكسلَي تتبّع", "بكسلات تتبّع", "بكسل تتبّع", "بكسل تتبّع"])}`,
      scripts: (n) =>
        `تشغيل ${count(n, ["برنامج نصي واحد", "برنامجين نصيين", "برامج نصية", "برنامجًا نصيًا", "برنامج نصي"])}`,
      styles: (n) =>
        `جلب ${count(n, ["نمط أو خط أو خلفية", "نمطين أو خطين أو خلفيتين", "أنماط أو خطوط أو خلفيات", "نمطًا أو خطًا أو خلفية", "نمط أو خط أو خلفية"])}`,
      forms: (n, hosts) =>
        `طلب إدخال عبر ${count(n, ["استمارة واحدة", "استمارتين", "استمارات", "استمارة", "استمارة"])}${hosts && ` تُرسل إلى ${hosts}`}`,
      frames: (n) =>
        `تضمين ${count(n, ["صفحة أو كائن آخر", "صفحتين أو كائنين", "صفحات أو كائنات أخرى", "صفحة أو كائنًا آخر", "صفحة أو كائن آخر"])}`,
      redirects: (n) => `نقلك إلى صفحة أخرى من تلقاء نفسها${n > 1 ? `، ${n} مرات` : ""}`,
      others: (n) =>
        `استعمال ${count(n, ["شيء لا حاجة للبريد به", "شيئين لا حاجة للبريد بهما", "أشياء لا حاجة للبريد بها", "شيئًا لا حاجة للبريد به", "شيء لا حاجة للبريد به"])}`,
      misleadingLinks: (n) =>
        `توجيه ${count(n, ["رابط واحد", "رابطين", "روابط", "رابطًا", "رابط"])} إلى غير ما يقوله النص`,
    },
    authResults: {
      title: "فحوص المرسل",
      by: (host) => `بحسب ${host}، ولم يُتحقق منه هنا`,
      unknown: "بحسب الرسالة، ولم يُتحقق منه هنا",
      why: "تقول ذلك ترويسة في الرسالة. لم يتحقق منها هذا الخادم، ويستطيع المرسل كتابتها أيضًا.",
    },
  },
  calendar: {
    kind: (method) => ({ REQUEST: "دعوة", CANCEL: "موعد ملغى", REPLY: "رد على دعوة" })[method] ?? "موعد",
    untitled: "(بلا عنوان)",
    when: "متى",
    where: "أين",
    organizer: "الداعي",
    attendees: "المدعوون",
    allDay: "طوال اليوم",
    localTime: "بالتوقيت المحلي",
    own: (time) => `بتوقيتك: ${time}`,
    more: (n) => `و${n} أخرى`,
  },
  database: {
    notice: "قاعدة بيانات علنية: برمز هذه الصفحة يستطيع كل أحد قراءة كل البريد فيها، أيًا كان العنوان.",
    switched: {
      failed: (error, to) => `${error} القراءة الآن من ${to}.`,
      behind: (from, to) => `${from} متأخرة. القراءة الآن من ${to}.`,
      nearer: (to) => `${to} أقرب. القراءة الآن منها.`,
    },
    errors: {
      unreachable: (host) => `تعذّر الوصول إلى قاعدة البيانات في ${host}.`,
      unreachableAll: (hosts) => `تعذّر الوصول إلى أي من قواعد البيانات: ${hosts}.`,
      corsBlocked: (host) => `قاعدة البيانات في ${host} تجيب، لكنها لا تسمح لهذه الصفحة بقراءتها (CORS).`,
      expired: (day) => `انتهت صلاحية رمز هذه الصفحة${day && ` في ${day}`}. على صاحبها نشر رمز جديد.`,
      refused: (host) => `قاعدة البيانات في ${host} ترفض رمز هذه الصفحة. على صاحبها نشر رمز آخر.`,
      busy: (host, status) => `قاعدة البيانات في ${host} معطلة (${status}).`,
      notLibsql: (host) => `ما يجيب في ${host} ليس قاعدة بيانات libSQL.`,
      tooLarge: "جواب قاعدة البيانات أكبر مما يجوز.",
      queryFailed: (host, why) => `لم تستطع قاعدة البيانات في ${host} ذلك: ${why}`,
      behind: "ليست هذه الرسالة في قاعدة البيانات بعد: هي متأخرة.",
      gone: "لا توجد رسالة كهذه.",
    },
    reading: {
      tooSlow: "استغرق ذلك وقتًا طويلًا",
      tooLarge: "هي كبيرة جدًا",
      broken: "هي معطوبة",
    },
    config: {
      urls: "لا يذكر config.json قاعدة بيانات: يجب أن تكون `urls` قائمة عناوين https:// أو libsql://.",
      token: "ليس في config.json ‏`token`.",
    },
  },
};
