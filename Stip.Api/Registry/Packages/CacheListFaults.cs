using System.Text.Json;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What is wrong with a list of cache tensors by itself.</summary>
internal static class CacheListFaults
{
    private const int MaxTensors = 4096;
    private const long MaxTokenNumbers = 1 << 24;
    private const long MaxStateNumbers = 1 << 28;

    private static readonly string[] Words = [CacheTensorManifest.Length, CacheTensorManifest.Batch];

    private static readonly string[] Taken =
    [
        "inputs_embeds", "attention_mask", "position_ids", "encoder_attention_mask", "encoder_hidden_states",
    ];

    public static IEnumerable<string> Of(CacheManifest cache)
    {
        if (cache.Tensors is null && cache.Cross is null)
        {
            yield break;
        }

        if (cache.Layout != CacheLayouts.Growing)
        {
            yield return $"cache tensors are listed for the layout '{CacheLayouts.Growing}' only";
        }

        CacheTensorManifest[] tensors = [.. cache.Tensors ?? [], .. cache.Cross ?? []];
        if (tensors.Length is < 1 or > MaxTensors
            || tensors.Any(tensor => tensor is not { Past.Length: > 0, Present.Length: > 0, Axes: not null }))
        {
            yield return $"cache.tensors is not a list of 1..{MaxTensors} tensors with past, present and axes";
            yield break;
        }

        // Beside an encoder all of them grow.
        foreach (var tensor in tensors.Where(tensor => !IsRegular(tensor.Axes, mayStay: cache.Cross is null)))
        {
            yield return $"the axes of cache tensor '{tensor.Past}' are not lengths above 0, one "
                + $"'{CacheTensorManifest.Length}' and at most one '{CacheTensorManifest.Batch}', "
                + $"with at most {MaxTokenNumbers} numbers a token"
                + (cache.Cross is null ? $", or {MaxStateNumbers} of a state without '{CacheTensorManifest.Length}'"
                    : "");
        }

        foreach (var taken in tensors.Select(tensor => tensor.Past).Where(Taken.Contains)
            .Concat(tensors.Select(tensor => tensor.Present).Where(name => name == "logits")))
        {
            yield return $"cache tensor '{taken}' has the name of an input or output of each step";
        }

        foreach (var twice in Twice(tensors.Select(tensor => tensor.Past))
            .Concat(Twice((cache.Tensors ?? []).Select(tensor => tensor.Present)))
            .Concat(Twice((cache.Cross ?? []).Select(tensor => tensor.Present))))
        {
            yield return $"cache tensor '{twice}' is listed twice";
        }
    }

    private static bool IsRegular(IReadOnlyList<JsonElement> axes, bool mayStay) =>
        ListedAxes.Read(axes, Words, MaxStateNumbers) is { } listed
        && (listed.Words.Contains(CacheTensorManifest.Length)
            ? listed.Numbers <= MaxTokenNumbers
            : mayStay && listed.Numbers <= MaxStateNumbers);

    /// <summary>Names that come more than once.</summary>
    public static IEnumerable<string> Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key);
}
