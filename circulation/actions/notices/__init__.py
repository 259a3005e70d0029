"""What sending a notice needs: its words, and the ways out."""
