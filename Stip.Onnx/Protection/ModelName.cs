namespace Stip.Onnx.Protection;

/// <summary>What a package may be called.</summary>
internal static class ModelName
{
    private const int MostNameCharacters = 96;

    /// <summary>The name.</summary>
    /// <exception cref="RefusedException">It is too long, or has other characters than addresses may
    /// have.</exception>
    public static string Checked(string name) =>
        name.Length is > 0 and <= MostNameCharacters && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c))
            && char.IsAsciiLetterOrDigit(name[0])
            ? name
            : throw new RefusedException(
                $"model name '{name}' must have 1..{MostNameCharacters} letters, digits, '.', '_' or '-', "
                + "a letter or digit first; --name gives another");
}
