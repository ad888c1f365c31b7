namespace Stip.Client.Encoders;

/// <summary>A label and how likely it is.</summary>
/// <param name="Index">Its place among the model's outputs.</param>
/// <param name="Label">Its name.</param>
/// <param name="Score">Its probability.</param>
public sealed record LabelScore(int Index, string Label, float Score);
