namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>Languages of published translators, in the order of their ids, where folders may not list
/// them.</summary>
internal static class LanguageCodes
{
    private static readonly string[] MBart =
    [
        "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT", "ja_XX",
        "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN",
        "zh_CN",
    ];

    private static readonly string[] MBart50 =
    [
        .. MBart, "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE", "km_KH", "mk_MK", "ml_IN",
        "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN", "te_IN", "th_TH", "tl_XX", "uk_UA",
        "ur_PK", "xh_ZA", "gl_ES", "sl_SI",
    ];

    private static readonly string[] M2M100 =
    [
        "af", "am", "ar", "ast", "az", "ba", "be", "bg", "bn", "br", "bs", "ca", "ceb", "cs", "cy", "da", "de", "el",
        "en", "es", "et", "fa", "ff", "fi", "fr", "fy", "ga", "gd", "gl", "gu", "ha", "he", "hi", "hr", "ht", "hu",
        "hy", "id", "ig", "ilo", "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "lb", "lg", "ln", "lo", "lt",
        "lv", "mg", "mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "ns", "oc", "or", "pa", "pl", "ps", "pt",
        "ro", "ru", "sd", "si", "sk", "sl", "so", "sq", "sr", "ss", "su", "sv", "sw", "ta", "th", "tl", "tn", "tr",
        "uk", "ur", "uz", "vi", "wo", "xh", "yi", "yo", "zh", "zu",
    ];

    private static readonly string[] Wmt21 = ["en", "ha", "is", "ja", "cs", "ru", "zh", "de"];

    /// <summary>Tokens of a class's languages; empty for a class whose folders list them.</summary>
    /// <param name="name">The class.</param>
    /// <param name="set">Which of M2M100's sets, null for the first.</param>
    public static IReadOnlyList<string> Of(string name, string? set = null) => name switch
    {
        "MBart" => MBart,
        "MBart50" => MBart50,
        "M2M100" => [.. (set is null or "m2m100" ? M2M100 : set == "wmt21" ? Wmt21 : []).Select(code => $"__{code}__")],
        _ => [],
    };
}
