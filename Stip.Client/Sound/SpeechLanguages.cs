namespace Stip.Client.Sound;

/// <summary>English names of the languages that Whisper knows.</summary>
public static class SpeechLanguages
{
    private const string Known =
        """
        en english zh chinese de german es spanish ru russian ko korean fr french ja japanese pt portuguese tr turkish
        pl polish ca catalan nl dutch ar arabic sv swedish it italian id indonesian hi hindi fi finnish vi vietnamese
        he hebrew uk ukrainian el greek ms malay cs czech ro romanian da danish hu hungarian ta tamil no norwegian
        th thai ur urdu hr croatian bg bulgarian lt lithuanian la latin mi maori ml malayalam cy welsh sk slovak
        te telugu fa persian lv latvian bn bengali sr serbian az azerbaijani sl slovenian kn kannada et estonian
        mk macedonian br breton eu basque is icelandic hy armenian ne nepali mn mongolian bs bosnian kk kazakh
        sq albanian sw swahili gl galician mr marathi pa punjabi si sinhala km khmer sn shona yo yoruba so somali
        af afrikaans oc occitan ka georgian be belarusian tg tajik sd sindhi gu gujarati am amharic yi yiddish lo lao
        uz uzbek fo faroese ht haitian-creole ps pashto tk turkmen nn nynorsk mt maltese sa sanskrit lb luxembourgish
        my myanmar bo tibetan tl tagalog mg malagasy as assamese tt tatar haw hawaiian ln lingala ha hausa ba bashkir
        jw javanese su sundanese yue cantonese
        """;

    private static readonly Dictionary<string, string> Names = Known
        .Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Chunk(2)
        .ToDictionary(pair => pair[0], pair => pair[1].Replace('-', ' '), StringComparer.Ordinal);

    /// <summary>The English name of a code, in small letters; null where it is not known.</summary>
    public static string? NameOf(string code) => Names.GetValueOrDefault(code);

    /// <summary>The code of a name, of a code, or of Whisper's token (<c>&lt;|de|&gt;</c>), in whatever letters; as it
    /// came where no such name is known.</summary>
    public static string CodeOf(string language)
    {
        ArgumentNullException.ThrowIfNull(language);
        var given = language.Trim().ToLowerInvariant().Replace("<|", "").Replace("|>", "");
        return Names.FirstOrDefault(entry => entry.Value == given).Key ?? given;
    }
}
