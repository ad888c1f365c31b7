using System.Globalization;

namespace Stip.DeveloperPortal.Packages;

/// <summary>Bytes for people: 12.3 MiB.</summary>
internal static class ByteCount
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Format(long bytes)
    {
        var unit = bytes <= 0 ? 0 : Math.Min((int)Math.Log(bytes, 1024), Units.Length - 1);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / Math.Pow(1024, unit):0.#} {Units[unit]}");
    }
}
