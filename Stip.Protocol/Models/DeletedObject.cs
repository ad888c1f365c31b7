namespace Stip.Protocol.Models;

/// <summary>OpenAI's answer to a deletion.</summary>
/// <param name="Id">What was deleted.</param>
/// <param name="Object">Its kind, e.g. <c>model</c>.</param>
/// <param name="Deleted">Always true.</param>
public sealed record DeletedObject(string Id, string Object, bool Deleted = true);
