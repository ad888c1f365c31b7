namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// The expressions by which byte-level tokenizers cut text, as the tokenizer.json files of their models have them
/// (Oniguruma's syntax, Unicode).
/// </summary>
internal static class Patterns
{
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    public const string Llama3 = Contractions + "|" + Words + @"|\p{N}{1,3}|" + Ends;
    public const string Qwen2 = Contractions + "|" + WithoutContractions;
    public const string WithoutContractions = Words + @"|\p{N}|" + Ends;
    public const string AllDigits = Contractions + "|" + Words + @"|\p{N}+|" + Ends;
    public const string Qwen35 =
        Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces;
    public const string Jais2 = Contractions + "|" + Words + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
        + @"\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|"
        + @"\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}";
    public const string SeedCoder = Contractions + "|" + Words + @"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces;
    public const string BailingMoe = @"'(?i:[sdmt]|ll|ve|re)|" + Words
        + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
    public const string ExaoneMoe = Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}|"
        + @" ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+";

    public const string Tekken =
        Lead + Upper + "*" + Lower + "+|" + Lead + Upper + "+" + Lower + @"*|\p{N}|" + SlashEnds;
    public const string Gpt4o = CasedWords + @"|\p{N}{1,3}|" + SlashEnds;
    public const string Youtu = CasedWords + @"|\p{N}|" + SlashEnds;
    public const string KimiK2 = @"\p{Han}+|"
        + Lead + "(?:" + NotHan + Upper + ")*(?:" + NotHan + Lower + ")+" + Contractions + "?|"
        + Lead + "(?:" + NotHan + Upper + ")+(?:" + NotHan + Lower + ")*" + Contractions + @"?|\p{N}{1,3}|" + Ends;

    public const string Bloom = @" ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";
    public const string FalconPunctuation = @"[\p{P}\$\+<=>\^~\|`]+";
    public const string DefaultPunctuation = @"[\p{P}\$\+<=>\^~\|]+";
    public const string EachPunctuation = @"[\p{P}!-/:-@\[-`{-~]";

    public const string Sentinel = "<sentinel:[0-9]+>";
    public const string ImageToken = "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z";
    public const string Indent = @"([\t\n]|    |  )";

    public const string Digit = @"\p{N}";
    public const string Digits = @"\p{N}+";
    public const string ThreeDigits = @"\p{N}{1,3}";
    public const string ThreeAsciiDigits = "[0-9][0-9][0-9]";

    // Digits in threes from the right, as thousands are written.
    public const string GroupsOfThree = @"\p{Nd}{1,3}(?=(?:\p{Nd}{3})*(?!\p{Nd}))";
    public const string GroupsToAWordsEnd = @"\d{1,3}(?=(?:\d{3})*\b)";
    public const string BeforeGroupsOfThree = @"(?=(\d{3})+(?!\d))";

    public const string Lines = @"[^\n]+|[\n]+";
    public const string LineBreak = @"[\r\n]";
    public const string FinalSpaces = @"\s+$";
    public const string SpacedWord = @"\s?\p{L}+";
    public const string SpacedPunctuation = @"\s?\p{P}+";
    public const string WidePunctuation =
        @"\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";
    public const string EastAsian = @"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
    public const string ChineseAndKana = @"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";
    public const string EastAsianRuns = @"[\uAC00-\uD7A3\u3131-\u318E]+|"
        + @"[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F]+|"
        + @"[\u3105-\u312F]+|" + ChineseAndKana;
    public const string Asian = @"[\u4E00-\u9FFF\u3400-\u4DBF\uF900-\uFAFF\u3040-\u309F\u30A0-\u30FF\uFF65-\uFF9F"
        + @"\u2F00-\u2FDF\u0E40-\u0E7F\u0E80-\u0EFF\u1780-\u17FF\u1000-\u109F\uAA60-\uAA7F\uA9E0-\uA9FF"
        + @"\uAC00-\uD7AF\u1100-\u11FF]+";

    public const string DeepSeek3 = MarkedWords + @"| ?[\p{P}\p{S}]+[\r\n]*|" + Spaces;
    public const string Spark = MarkedWords + @"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+";

    // Letters that have a case, of the Unicode version by which the tokenizer was made.
    public const string CasedWord = @"\s?[A-Za-z"
        + @"\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"
        + @"\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"
        + @"\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA"
        + @"\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45"
        + @"\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE"
        + @"\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC"
        + @"\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
        + @"\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3"
        + @"\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06"
        + @"\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A"
        + "]+";

    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Lead = @"[^\r\n\p{L}\p{N}]?";
    private const string Words = Lead + @"\p{L}+";
    private const string MarkedWords =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Ends = @" ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces;
    private const string SlashEnds = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string NotHan = @"(?!\p{Han})";
    private const string CasedWords = Lead + Upper + "*" + Lower + "+" + Contractions + "?|"
        + Lead + Upper + "+" + Lower + "*" + Contractions + "?";
}
