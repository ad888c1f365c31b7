using System.Text.Json.Serialization;

namespace Stip.Protocol.Models;

/// <summary>An OpenAI list.</summary>
/// <param name="Object">Always <c>list</c>.</param>
/// <param name="Data">The items.</param>
[method: JsonConstructor]
public sealed record ListObject<T>(string Object, IReadOnlyList<T> Data)
{
    /// <summary>A list of these items.</summary>
    public ListObject(IReadOnlyList<T> data)
        : this("list", data)
    {
    }
}
