using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Stip.Client.Sound;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi.Audio;

/// <summary>The form of a request that brings a sound. Nothing of it is written to a disk.</summary>
internal sealed class AudioForm(IFormCollection form)
{
    private const string FileField = "file";

    // Of OpenAI's and vLLM's, what would change the answer.
    private static readonly string[] Unsupported =
    [
        "prompt", "include", "include[]", "known_speaker_names", "known_speaker_names[]", "known_speaker_references",
        "known_speaker_references[]", "seed", "top_p", "top_k", "hotwords", "to_language",
    ];

    private static readonly string[] Granularities = ["timestamp_granularities[]", "timestamp_granularities"];

    private static readonly FormOptions InMemory = new()
    {
        MemoryBufferThreshold = GatewayApplication.MostBodyBytes,
        MultipartBodyLengthLimit = GatewayApplication.MostBodyBytes,
    };

    /// <summary>Reads a form and refuses fields that are not supported.</summary>
    public static async Task<AudioForm> ReadAsync(HttpRequest request)
    {
        if (!request.HasFormContentType
            || request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw OpenAiException.Invalid("the body is not multipart/form-data", null);
        }

        try
        {
            var form = new AudioForm(await request.ReadFormAsync(InMemory, request.HttpContext.RequestAborted));
            form.Refuse();
            return form;
        }
        catch (Exception fault) when (fault is InvalidDataException
            || (fault is IOException && fault is not BadHttpRequestException))
        {
            throw OpenAiException.Invalid("the body is no form that can be read", null);
        }
    }

    /// <summary>A field; null where it is absent or empty.</summary>
    public string? Find(string name) => form[name] switch
    {
        [] => null,
        [var one] => string.IsNullOrEmpty(one) ? null : one,
        _ => throw OpenAiException.Invalid($"'{name}' is there more than once", name),
    };

    public string Text(string name) => Find(name) ?? throw OpenAiException.Invalid($"'{name}' is missing", name);

    public float? Number(string name, float least, float most) => Find(name) is not { } given
        ? null
        : float.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
            ? number
            : throw OpenAiException.Invalid(
                FormattableString.Invariant($"'{name}' is not a number in {least}..{most}"), name);

    /// <summary>The sound.</summary>
    public async Task<Waveform> SoundAsync(CancellationToken cancellationToken)
    {
        if (form.Files.GetFiles(FileField) is not [var file])
        {
            throw OpenAiException.Invalid(
                form.Files.GetFiles(FileField).Count == 0 ? $"'{FileField}' is missing" : $"'{FileField}' is one sound",
                FileField);
        }

        var bytes = new byte[checked((int)file.Length)];
        await using var stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        try
        {
            return WaveReader.Decode(bytes);
        }
        catch (InvalidDataException unread)
        {
            throw OpenAiException.Invalid(unread.Message, FileField);
        }
    }

    private void Refuse()
    {
        if (Unsupported.FirstOrDefault(name => form[name].Any(value => !string.IsNullOrEmpty(value))) is { } name)
        {
            throw OpenAiException.Unsupported(name);
        }

        if (Granularities.FirstOrDefault(name => form[name].Any(
            value => !string.IsNullOrEmpty(value) && value != "segment")) is { } granularities)
        {
            throw OpenAiException.Unsupported(granularities, "times are of segments");
        }

        if (Find("stream") is { } stream && !stream.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            throw OpenAiException.Unsupported("stream");
        }

        if (Find("chunking_strategy") is { } strategy && strategy != "auto")
        {
            throw OpenAiException.Unsupported("chunking_strategy", "sounds are cut at quiet places");
        }
    }
}
