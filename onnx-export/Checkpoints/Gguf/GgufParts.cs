using System.Globalization;
using System.Text.RegularExpressions;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The parts of a file that was split, which are told by their names: <c>X-00001-of-00003.gguf</c>.</summary>
internal static partial class GgufParts
{
    private const string CountKey = "split.count";
    private const string NumberKey = "split.no";
    private const string TensorsKey = "split.tensors.count";

    /// <summary>Paths of all parts in their order; null for a file that is whole.</summary>
    /// <param name="metadata">That of one part.</param>
    /// <param name="path">Its path.</param>
    /// <exception cref="RefusedException">A part is missing, or the name is another one's.</exception>
    public static IReadOnlyList<string>? Names(GgufMetadata metadata, string path)
    {
        if (metadata.Integer(CountKey) is not (> 1 and var count))
        {
            return null;
        }

        var name = Path.GetFileName(path);
        var number = (metadata.Integer(NumberKey) ?? 0) + 1;
        if (Numbered().Match(name) is not { Success: true } match
            || Number(match, "of") != count || Number(match, "number") != number)
        {
            throw new RefusedException($"{name} is part {number} of {count} of a split file; its name must end in "
                + Ending(number, count));
        }

        var start = match.Groups["start"].Value;
        string[] all = [.. Enumerable.Range(1, count).Select(part => part == number
            ? path
            : Path.Combine(Path.GetDirectoryName(path) ?? "", start + Ending(part, count)))];
        return Array.Find(all, part => !File.Exists(part)) is { } missing
            ? throw new RefusedException(
                $"{name} is part {number} of {count} of a split file; {Path.GetFileName(missing)} is not beside it")
            : all;
    }

    /// <summary>Refuses parts of different files.</summary>
    /// <param name="parts">All of them, in their order.</param>
    /// <param name="names">Their paths.</param>
    public static void RefuseUnlessWhole(IReadOnlyList<GgufFile> parts, IReadOnlyList<string> names)
    {
        for (var at = 0; at < parts.Count; at++)
        {
            var metadata = parts[at].Metadata;
            if (metadata.Integer(CountKey) != parts.Count || (metadata.Integer(NumberKey) ?? 0) != at)
            {
                throw new RefusedException($"{Path.GetFileName(names[at])} says that it is part "
                    + $"{(metadata.Integer(NumberKey) ?? 0) + 1} of {metadata.Integer(CountKey) ?? 1}; "
                    + $"its name says {at + 1} of {parts.Count}");
            }
        }

        var there = parts.Sum(part => part.Tensors.Count);
        if (parts[0].Metadata.Integer(TensorsKey) is { } told && told != there)
        {
            throw new RefusedException(
                $"{Path.GetFileName(names[0])} tells of {told} tensors in all parts; there are {there}");
        }
    }

    private static string Ending(int number, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"-{number:00000}-of-{count:00000}.gguf");

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"\A(?<start>.*)-(?<number>[0-9]{5})-of-(?<of>[0-9]{5})\.gguf\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Numbered();
}
